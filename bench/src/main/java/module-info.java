/** The command line, benchmarks, peers and the report. */
module dev.emberkv.bench {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires dev.emberkv.server;
  requires dev.emberkv.cuda;
}
