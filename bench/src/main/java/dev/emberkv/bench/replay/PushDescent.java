package dev.emberkv.bench.replay;

import dev.emberkv.engine.PushOptions;
import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Descent by the optimizers of the tables: the gradients of a step are summed for each row, all
 * taken at the rows as the step found them, and pushed in the end.
 */
final class PushDescent implements Descent {
  private final Gradients users;
  private final Gradients items;
  private final BprSettings settings;

  PushDescent(
      RowBlock users, Table userTable, RowBlock items, Table itemTable, BprSettings settings) {
    this.users = new Gradients(users, userTable);
    this.items = new Gradients(items, itemTable);
    this.settings = settings;
  }

  /** The gradients of the rows of a block. */
  private static final class Gradients {
    final RowBlock block;
    final float[] sums;
    private final Table table;

    Gradients(RowBlock block, Table table) {
      this.block = block;
      this.table = table;
      this.sums = new float[block.rows().length];
    }

    void push() {
      long values = (long) block.count() * table.spec().dim();
      table.push(
          MemorySegment.ofArray(block.ids()).asSlice(0, (long) block.count() * Long.BYTES),
          MemorySegment.ofArray(sums).asSlice(0, values * Float.BYTES),
          PushOptions.none());
      Arrays.fill(sums, 0, (int) values, 0);
    }
  }

  @Override
  public void move(int user, int positive, int negative, float pull) {
    float[] u = users.block.rows();
    float[] v = items.block.rows();
    float decay = settings.regularization();
    for (int d = 0; d < settings.dim(); d++) {
      float x = u[user + d];
      float i = v[positive + d];
      float j = v[negative + d];
      users.sums[user + d] += decay * x - pull * (i - j);
      items.sums[positive + d] += decay * i - pull * x;
      items.sums[negative + d] += decay * j + pull * x;
    }
  }

  @Override
  public void end() {
    users.push();
    items.push();
  }
}
