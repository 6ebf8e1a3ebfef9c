/** The public API: store, tables, tiers, batches. */
module dev.emberkv.engine {
  requires static transitive org.jspecify;
  requires jdk.incubator.vector;
  requires org.slf4j;
  requires transitive dev.emberkv.compaction;
  requires HdrHistogram;

  exports dev.emberkv.engine;
}
