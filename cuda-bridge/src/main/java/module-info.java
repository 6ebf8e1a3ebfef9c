/** Rows in device memory: pinned pools, streams, prefetch. */
module dev.emberkv.cuda {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires transitive dev.emberkv.engine;
  requires transitive dev.emberkv.uring;

  exports dev.emberkv.cuda;
}
