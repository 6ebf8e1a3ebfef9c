/** Rows in device memory: pinned pools, streams, prefetch. */
@NullMarked
package dev.emberkv.cuda;

import org.jspecify.annotations.NullMarked;
