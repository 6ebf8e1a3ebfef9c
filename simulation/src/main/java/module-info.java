/** A disk in memory that fails on request, for tests. */
module dev.emberkv.simulation {
  requires static transitive org.jspecify;
  requires transitive dev.emberkv.uring;

  exports dev.emberkv.simulation;
}
