/** Key to location in DRAM, live bitmaps, the catalog. */
@NullMarked
package dev.emberkv.index;

import org.jspecify.annotations.NullMarked;
