/** JMH microbenchmarks; run by {@code emberkv bench jmh}. */
@NullMarked
package dev.emberkv.bench.jmh;

import org.jspecify.annotations.NullMarked;
