/** A disk in memory that fails on request, for tests. */
@NullMarked
package dev.emberkv.simulation;

import org.jspecify.annotations.NullMarked;
