/** Training on a trace of interactions, with a store as the parameter server. */
@NullMarked
package dev.emberkv.bench.replay;

import org.jspecify.annotations.NullMarked;
