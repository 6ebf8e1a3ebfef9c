package dev.emberkv.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.Locale;

/**
 * How the command line logs: to standard error, a line for people or a JSON object each. Logback
 * finds it as a service at the first logger, so what it reads has to be set before; a file of XML
 * would take a third of a second of each start.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
  private static final String LEVEL = "emberkv.log.level";
  private static final String FORMAT = "emberkv.log.format";

  /** How a line of the log looks. */
  enum Format {
    TEXT,
    JSON
  }

  /** For the service loader. */
  public LogSetup() {}

  /** Lets debug messages through; only before the first logger is made. */
  static void debug() {
    System.setProperty(LEVEL, Level.DEBUG.levelStr);
  }

  /** Chooses the format; only before the first logger is made. */
  static void format(Format format) {
    System.setProperty(FORMAT, format.name());
  }

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    Format format = Format.valueOf(System.getProperty(FORMAT, "TEXT").toUpperCase(Locale.ROOT));
    Encoder<ILoggingEvent> encoder = format == Format.JSON ? json() : text();
    encoder.setContext(context);
    encoder.start();
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setContext(context);
    appender.setName("stderr");
    appender.setTarget("System.err");
    appender.setEncoder(encoder);
    appender.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    root.addAppender(appender);
    context.getLogger("dev.emberkv").setLevel(Level.toLevel(System.getProperty(LEVEL), Level.INFO));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static Encoder<ILoggingEvent> text() {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setPattern("%d{HH:mm:ss.SSS} %-5level %logger{0} - %msg%n");
    return encoder;
  }

  /** Time, level, thread, logger, message, and the stack trace if there is one. */
  private static Encoder<ILoggingEvent> json() {
    JsonEncoder encoder = new JsonEncoder();
    encoder.setWithSequenceNumber(false);
    encoder.setWithNanoseconds(false);
    encoder.setWithContext(false);
    encoder.setWithMarkers(false);
    encoder.setWithMDC(false);
    encoder.setWithKVPList(false);
    encoder.setWithMessage(false);
    encoder.setWithArguments(false);
    encoder.setWithFormattedMessage(true);
    return encoder;
  }
}
