/** The command line, benchmarks, peers and the report. */
module dev.emberkv.bench {
  requires static transitive org.jspecify;
  requires static jmh.core; // only its annotations; JMH itself runs on a class path
  requires HdrHistogram;
  requires ch.qos.logback.classic;
  requires ch.qos.logback.core;
  requires dev.emberkv.cuda;
  requires dev.emberkv.server;
  requires info.picocli;
  requires org.slf4j;

  provides ch.qos.logback.classic.spi.Configurator with
      dev.emberkv.bench.LogSetup;

  opens dev.emberkv.bench to
      info.picocli;
}
