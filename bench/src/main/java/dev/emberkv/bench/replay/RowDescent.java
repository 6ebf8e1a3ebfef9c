package dev.emberkv.bench.replay;

/**
 * Plain gradient descent on the trainer's side: each triple sees the changes of the ones before it,
 * and in the end the rows are written back.
 */
final class RowDescent implements Descent {
  private final RowBlock users;
  private final RowBlock items;
  private final BprSettings settings;

  RowDescent(RowBlock users, RowBlock items, BprSettings settings) {
    this.users = users;
    this.items = items;
    this.settings = settings;
  }

  @Override
  public void move(int user, int positive, int negative, float pull) {
    float[] u = users.rows();
    float[] v = items.rows();
    float rate = settings.learningRate();
    float decay = settings.regularization();
    for (int d = 0; d < settings.dim(); d++) {
      float x = u[user + d];
      float i = v[positive + d];
      float j = v[negative + d];
      u[user + d] = x + rate * (pull * (i - j) - decay * x);
      v[positive + d] = i + rate * (pull * x - decay * i);
      v[negative + d] = j + rate * (-pull * x - decay * j);
    }
  }

  @Override
  public void end() {
    users.write();
    items.write();
  }
}
