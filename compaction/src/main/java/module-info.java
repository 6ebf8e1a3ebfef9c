/** The segmented log and its cleaner. */
module dev.emberkv.compaction {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires roaringbitmap;
  requires transitive dev.emberkv.index;

  exports dev.emberkv.compaction;
}
