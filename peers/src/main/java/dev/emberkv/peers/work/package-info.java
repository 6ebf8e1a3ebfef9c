/** What is asked of each store, and in which distribution. */
@NullMarked
package dev.emberkv.peers.work;

import org.jspecify.annotations.NullMarked;
