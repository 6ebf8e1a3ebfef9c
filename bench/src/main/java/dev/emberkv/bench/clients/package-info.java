/** Clients of a server that a benchmark runs against: what they send, and how long answers take. */
@NullMarked
package dev.emberkv.bench.clients;

import org.jspecify.annotations.NullMarked;
