/** RESP2 and RESP3 over TCP. */
module dev.emberkv.server {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires jdk.httpserver;
  requires transitive dev.emberkv.engine;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.transport;
  requires io.netty.transport.classes.epoll;

  exports dev.emberkv.server;
}
