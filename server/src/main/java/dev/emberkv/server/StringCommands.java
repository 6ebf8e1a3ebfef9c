package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.util.List;

/** The commands on string values. */
final class StringCommands {
  private static final String GROUP = "string";

  private final StringReads reads;
  private final StringWrites writes;
  private final SetCommand sets;
  private final StringEdits edits;
  private final Counting counting;
  private final CommonSubsequence subsequence;

  StringCommands(Data data) {
    this.reads = new StringReads(data);
    this.writes = new StringWrites(data);
    this.sets = new SetCommand(data);
    this.edits = new StringEdits(data);
    this.counting = new Counting(data);
    this.subsequence = new CommonSubsequence(data);
  }

  private static Command.Builder read(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.READONLY, Flag.FAST)
        .keys(Keys.FIRST)
        .hot();
  }

  private static Command.Builder write(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.WRITE, Flag.DENYOOM)
        .keys(Keys.FIRST)
        .hot();
  }

  private static Command.Builder fastWrite(String name, int arity, String summary) {
    return write(name, arity, summary).flags(Flag.WRITE, Flag.DENYOOM, Flag.FAST);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        read("get", 2, "Returns the string value of a key.").handler(reads::get).run(reads).build(),
        read("mget", -2, "Returns the string values of several keys.")
            .keys(Keys.ALL)
            .handler(reads::getSeveral)
            .build(),
        write("set", -3, "Sets the string value of a key, new or not.")
            .handler(sets::set)
            .run(writes)
            .build(),
        write("mset", -3, "Sets the string values of several keys.")
            .keys(Keys.PAIRS)
            .alone()
            .handler(writes::setSeveral)
            .build(),
        write("msetnx", -3, "Sets the string values of several keys if none of them exists.")
            .keys(Keys.PAIRS)
            .alone()
            .handler(writes::setSeveralIfAbsent)
            .build(),
        fastWrite("setnx", 3, "Sets the string value of a key if it does not exist.")
            .handler(writes::setIfAbsent)
            .build(),
        write("setex", 4, "Sets a string value and its time to live in seconds.")
            .handler(sets.withExpiry(Deadline.EX, "setex"))
            .build(),
        write("psetex", 4, "Sets a string value and its time to live in milliseconds.")
            .handler(sets.withExpiry(Deadline.PX, "psetex"))
            .build(),
        fastWrite("getset", 3, "Sets a string value and returns the one before.")
            .handler(sets::getSet)
            .build(),
        write("getdel", 2, "Returns a string value and deletes the key.")
            .flags(Flag.WRITE, Flag.FAST)
            .handler(edits::getDelete)
            .build(),
        write("getex", -2, "Returns a string value and sets the key's time to live.")
            .flags(Flag.WRITE, Flag.FAST)
            .handler(edits::getExpire)
            .build(),
        fastWrite("append", 3, "Appends to a string value.").handler(edits::append).build(),
        read("strlen", 2, "Returns the length of a string value.").handler(edits::length).build(),
        read("getrange", 4, "Returns a part of a string value.").handler(edits::range).build(),
        read("substr", 4, "Returns a part of a string value.").handler(edits::range).build(),
        write("setrange", 4, "Overwrites a part of a string value.")
            .handler(edits::setRange)
            .build(),
        read("lcs", -3, "Finds the longest common subsequence of two string values.")
            .flags(Flag.READONLY)
            .keys(new Keys(1, 2, 1))
            .handler(subsequence::lcs)
            .build(),
        fastWrite("incr", 2, "Adds one to a number.").handler(counting.step(1)).build(),
        fastWrite("decr", 2, "Takes one from a number.").handler(counting.step(-1)).build(),
        fastWrite("incrby", 3, "Adds to a number.").handler(counting::increase).build(),
        fastWrite("decrby", 3, "Subtracts from a number.").handler(counting::decrease).build(),
        fastWrite("incrbyfloat", 3, "Adds to a number with decimal places.")
            .handler(counting::increaseFloat)
            .build());
  }
}
