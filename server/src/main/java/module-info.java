/** RESP2 and RESP3 over TCP. */
module dev.emberkv.server {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires transitive dev.emberkv.engine;
}
