/** Everything native but CUDA: rings, O_DIRECT files, mapped memory. */
@NullMarked
package dev.emberkv.uring;

import org.jspecify.annotations.NullMarked;
