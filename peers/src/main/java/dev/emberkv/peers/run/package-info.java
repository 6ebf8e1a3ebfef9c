/** Who has which turn: worker processes, rounds, budgets. */
@NullMarked
package dev.emberkv.peers.run;

import org.jspecify.annotations.NullMarked;
