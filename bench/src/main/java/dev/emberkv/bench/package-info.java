/** The command line, benchmarks, peers and the report. */
@NullMarked
package dev.emberkv.bench;

import org.jspecify.annotations.NullMarked;
