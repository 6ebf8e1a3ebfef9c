/** What the benchmarks are made of: key streams, verifiable rows, measured loops, results. */
@NullMarked
package dev.emberkv.bench.workload;

import org.jspecify.annotations.NullMarked;
