package dev.emberkv.peers.report;

import java.util.Locale;

/** HTML that is built from front to back; texts are escaped, tags are not. */
final class Markup {
  private final StringBuilder html = new StringBuilder();

  /** Adds markup as it is. */
  Markup raw(String markup) {
    html.append(markup);
    return this;
  }

  /** Adds markup with numbers and words put in; texts in it must be escaped. */
  @SuppressWarnings("AnnotateFormatMethod") // its annotations are not on the path
  Markup format(String markup, Object... values) {
    html.append(String.format(Locale.ROOT, markup, values));
    return this;
  }

  /** Adds a text. */
  Markup text(String text) {
    html.append(escape(text));
    return this;
  }

  /** Adds an element that holds nothing but a text. */
  Markup element(String tag, String cssClass, String text) {
    html.append('<').append(tag);
    if (!cssClass.isEmpty()) {
      html.append(" class=\"").append(cssClass).append('"');
    }
    html.append('>').append(escape(text)).append("</").append(tag).append('>');
    return this;
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  @Override
  public String toString() {
    return html.toString();
  }
}
