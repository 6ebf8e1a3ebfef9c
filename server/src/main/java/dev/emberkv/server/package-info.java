/** RESP2 and RESP3 over TCP. */
@NullMarked
package dev.emberkv.server;

import org.jspecify.annotations.NullMarked;
