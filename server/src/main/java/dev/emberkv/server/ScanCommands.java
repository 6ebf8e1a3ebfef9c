package dev.emberkv.server;

import dev.emberkv.engine.KeyInfo;
import dev.emberkv.engine.StringKeyspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The commands that go over all keys: SCAN, KEYS, RANDOMKEY. */
final class ScanCommands {
  private static final int STEP = 1000;
  private static final int MAX_WANTED = 1 << 20;

  private final Data data;

  ScanCommands(Data data) {
    this.data = data;
  }

  /** The options of SCAN and HSCAN. */
  static final class Options {
    byte @Nullable [] pattern;
    int count = 10;
    @Nullable String type;
    boolean withoutValues;

    Options(Request request, int from, boolean ofKeys) {
      for (int i = from; i < request.size(); i++) {
        boolean hasArgument = i + 1 < request.size();
        if (request.is(i, "COUNT") && hasArgument) {
          long wanted = request.integer(++i);
          if (wanted < 1) {
            throw CommandException.syntaxError();
          }
          count = (int) Math.min(wanted, MAX_WANTED);
        } else if (request.is(i, "MATCH") && hasArgument) {
          pattern = request.bytes(++i);
        } else if (ofKeys && request.is(i, "TYPE") && hasArgument) {
          type = request.text(++i).toLowerCase(Locale.ROOT);
        } else if (!ofKeys && request.is(i, "NOVALUES")) {
          withoutValues = true;
        } else {
          throw CommandException.syntaxError();
        }
      }
    }

    boolean matches(byte[] key) {
      byte[] wanted = pattern;
      return wanted == null || GlobPattern.matches(wanted, key);
    }
  }

  /** Returns the cursor in an argument. */
  static long cursor(Request request, int argument) {
    String text = request.text(argument);
    try {
      return Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      throw new CommandException("ERR invalid cursor");
    }
  }

  /** Answers SCAN. */
  void scan(Request request, Session session, RespEncoder out) {
    long cursor = cursor(request, 1);
    Options options = new Options(request, 2, true);
    List<byte[]> found = new ArrayList<>();
    long next =
        data.of(session)
            .scan(
                cursor,
                options.count,
                (key, info) -> {
                  if (isWanted(options, key, info)) {
                    found.add(key);
                  }
                });
    out.array(2);
    out.bulk(Long.toUnsignedString(next));
    out.array(found.size());
    found.forEach(out::bulk);
  }

  private static boolean isWanted(Options options, byte[] key, KeyInfo info) {
    String type = options.type;
    return (type == null || type.equals(Data.typeName(info))) && options.matches(key);
  }

  /** Answers KEYS. */
  void keys(Request request, Session session, RespEncoder out) {
    byte[] pattern = request.bytes(1);
    List<byte[]> found = new ArrayList<>();
    long cursor = 0;
    do {
      cursor =
          data.of(session)
              .scan(
                  cursor,
                  STEP,
                  (key, info) -> {
                    if (GlobPattern.matches(pattern, key)) {
                      found.add(key);
                    }
                  });
    } while (cursor != 0);
    out.array(found.size());
    found.forEach(out::bulk);
  }

  /** Answers RANDOMKEY: a key behind a random position. */
  void randomKey(Request request, Session session, RespEncoder out) {
    StringKeyspace strings = data.of(session);
    ThreadLocalRandom random = ThreadLocalRandom.current();
    List<byte[]> found = new ArrayList<>();
    long cursor = random.nextLong() >>> 8;
    int wraps = 0;
    while (found.isEmpty() && wraps < 2) {
      cursor = strings.scan(cursor, 1, (key, info) -> found.add(key));
      if (cursor == 0) {
        wraps++;
      }
    }
    if (found.isEmpty()) {
      out.nil();
    } else {
      out.bulk(found.get(random.nextInt(found.size())));
    }
  }
}
