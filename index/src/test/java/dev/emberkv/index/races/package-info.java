/** Races on the index, and the test that runs them. */
@NullMarked
package dev.emberkv.index.races;

import org.jspecify.annotations.NullMarked;
