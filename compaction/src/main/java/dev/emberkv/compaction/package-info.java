/** The segmented log and its cleaner. */
@NullMarked
package dev.emberkv.compaction;

import org.jspecify.annotations.NullMarked;
