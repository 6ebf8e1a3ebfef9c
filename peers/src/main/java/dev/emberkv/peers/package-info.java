/** The same work on this store and on its peers, and the report. */
@NullMarked
package dev.emberkv.peers;

import org.jspecify.annotations.NullMarked;
