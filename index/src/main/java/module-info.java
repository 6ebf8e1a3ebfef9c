/** Key to location in DRAM, live bitmaps, the catalog. */
module dev.emberkv.index {
  requires static transitive org.jspecify;
  requires jdk.incubator.vector;
  requires org.slf4j;
  requires transitive dev.emberkv.uring;
  requires lmdbjava;

  exports dev.emberkv.index;
}
