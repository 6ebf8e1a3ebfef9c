/** The page, its charts, the summary and the raw figures. */
@NullMarked
package dev.emberkv.peers.report;

import org.jspecify.annotations.NullMarked;
