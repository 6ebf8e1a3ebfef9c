/** Stores behind one interface: this one and those it is measured beside. */
@NullMarked
package dev.emberkv.peers.store;

import org.jspecify.annotations.NullMarked;
