package dev.emberkv.peers.report;

import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.Results.Cell;
import dev.emberkv.peers.run.Results.Series;
import java.util.Map;
import java.util.Optional;

/** Bars of rates with whiskers from the slowest to the fastest round, and the limit beside them. */
final class Bars {
  private Bars() {}

  /** Adds the chart of one work. */
  static void add(Markup page, Figures figures, Cell cell, Map<Peer, Series> series) {
    Optional<Double> limit = figures.limit(cell);
    double scale = limit.orElse(0.0);
    for (Series one : series.values()) {
      scale = Math.max(scale, Spread.of(one.rates()).max());
    }
    page.raw("<figure class=\"card bars\" data-chart=\"bars\">");
    page.element("figcaption", "", cell.work().title());
    for (Map.Entry<Peer, Series> entry : series.entrySet()) {
      bar(page, entry.getKey(), Spread.of(entry.getValue().rates()), limit, scale);
    }
    if (limit.isPresent()) {
      page.raw("<div class=\"bar limit\"><span class=\"name\">limit</span><span class=\"track\">")
          .format("<i class=\"fill\" style=\"width:%.2f%%\"></i></span>", limit.get() / scale * 100)
          .element("span", "value", Spread.scaled(limit.get()))
          .raw("<span class=\"of\"></span></div>");
    }
    page.raw("</figure>");
  }

  private static void bar(
      Markup page, Peer peer, Spread rate, Optional<Double> limit, double scale) {
    page.format("<div class=\"bar %s\" title=\"%s\">", peer.id(), Markup.escape(rate.rate()))
        .element("span", "name", peer.title())
        .raw("<span class=\"track\">")
        .format("<i class=\"fill\" style=\"width:%.2f%%\"></i>", rate.median() / scale * 100)
        .format(
            "<i class=\"whisker\" style=\"left:%.2f%%;width:%.2f%%\"></i></span>",
            rate.min() / scale * 100, (rate.max() - rate.min()) / scale * 100)
        .element("span", "value", Spread.scaled(rate.median()))
        .element(
            "span",
            "of",
            limit.isPresent() ? Math.round(rate.median() / limit.get() * 100) + " %" : "")
        .raw("</div>");
  }
}
