/** The public API: store, tables, tiers, batches. */
@NullMarked
package dev.emberkv.engine;

import org.jspecify.annotations.NullMarked;
