package dev.emberkv.server;

import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.util.List;

/** The commands on string values. */
final class StringCommands {
  private static final String GROUP = "string";

  private final StringKeyspace strings;
  private final StringReads reads;
  private final StringWrites writes;

  StringCommands(StringKeyspace strings, ServerCounters counters) {
    this.strings = strings;
    this.reads = new StringReads(strings, counters);
    this.writes = new StringWrites(strings);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        Command.define(GROUP, "get", 2, "Returns the string value of a key.")
            .flags(Flag.READONLY, Flag.FAST)
            .keys(Keys.FIRST)
            .handler(reads::get)
            .run(reads)
            .build(),
        Command.define(GROUP, "mget", -2, "Returns the string values of several keys.")
            .flags(Flag.READONLY, Flag.FAST)
            .keys(Keys.ALL)
            .handler(reads::getSeveral)
            .run(reads)
            .build(),
        Command.define(GROUP, "set", -3, "Sets the string value of a key, new or not.")
            .flags(Flag.WRITE, Flag.DENYOOM)
            .keys(Keys.FIRST)
            .handler(writes::set)
            .run(writes)
            .build(),
        Command.define(GROUP, "mset", -3, "Sets the string values of several keys.")
            .flags(Flag.WRITE, Flag.DENYOOM)
            .keys(Keys.PAIRS)
            .handler(writes::setSeveral)
            .run(writes)
            .build(),
        Command.define(GROUP, "strlen", 2, "Returns the length of a string value.")
            .flags(Flag.READONLY, Flag.FAST)
            .keys(Keys.FIRST)
            .handler((request, session, out) ->
                out.integer(Math.max(0, strings.valueLength(request.bytes(1)))))
            .build());
  }
}
