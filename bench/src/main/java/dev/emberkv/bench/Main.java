package dev.emberkv.bench;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The command line {@code emberkv}.
 *
 * <p>Results go to standard output, progress and messages to standard error. Exit status: 0 when
 * done, 1 when something failed (one line says what; the stack trace comes with {@code --verbose}),
 * 2 when the arguments are wrong.
 */
@Command(
    name = "emberkv",
    description = "A key-value engine for recommender embeddings larger than DRAM.",
    subcommands = CommandLine.HelpCommand.class,
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Main.ModuleVersion.class,
    synopsisSubcommandLabel = "COMMAND")
public final class Main implements Callable<Integer> {
  private static final List<Class<?>> COMMANDS =
      List.of(
          ServeCommand.class,
          CheckCommand.class,
          DoctorCommand.class,
          ReplayCommand.class,
          ExportCommand.class,
          ImportCommand.class,
          BenchCommand.class);

  private static final String[] FOOTER = {
    "",
    "  test    Run all tests, as CI does (--long: and those that take long).",
    "",
    "Sizes: 1k = 1000, 1kb = 1024; also m/mb, g/gb, t/tb."
  };

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Log more, and show stack traces.")
  private boolean verbose;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  /** Runs a command and ends the process with its status. */
  public static void main(String[] args) {
    if (args.length > 0 && args[0].equals(nameOf(ServeCommand.class))) {
      ServeCommand.preload();
    }
    System.exit(commandLine(args).execute(args));
  }

  /**
   * Returns the parser for these arguments. It knows the command that they start with, or all if
   * they start with none: describing all takes longer than all else that {@code serve} does before
   * it serves.
   */
  static CommandLine commandLine(String... args) {
    Main main = new Main();
    CommandLine commandLine = new CommandLine(main);
    List<Class<?>> named =
        COMMANDS.stream().filter(c -> args.length > 0 && nameOf(c).equals(args[0])).toList();
    (named.isEmpty() ? COMMANDS : named).forEach(commandLine::addSubcommand);
    commandLine.getCommandSpec().usageMessage().footer(FOOTER); // here, so that none inherits it
    return commandLine
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setParameterExceptionHandler(Main::explainBadArguments)
        .setExecutionExceptionHandler(main::explainFailure)
        .setExecutionStrategy(main::configureAndRun);
  }

  private static String nameOf(Class<?> command) {
    return command.getAnnotation(Command.class).name();
  }

  /** Without a command there is nothing to do. */
  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private int configureAndRun(ParseResult parsed) {
    if (verbose) {
      LogSetup.debug();
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static int explainBadArguments(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    command.getErr().printf("%s: %s%n", command.getCommandName(), e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr());
    command.getErr().printf("See %s --help.%n", command.getCommandSpec().qualifiedName());
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  private int explainFailure(Exception e, CommandLine command, ParseResult parsed) {
    if (verbose) {
      e.printStackTrace(command.getErr());
    } else {
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      command.getErr().printf("emberkv: %s%n", message.lines().findFirst().orElse(message));
    }
    return command.getCommandSpec().exitCodeOnExecutionException();
  }

  /** The version that the build wrote into the module descriptor. */
  static final class ModuleVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
      var descriptor = Main.class.getModule().getDescriptor();
      String version =
          descriptor == null ? "(on the class path)" : descriptor.rawVersion().orElse("unknown");
      return new String[] {
        "emberkv " + version, "Java " + Runtime.version() + ", " + System.getProperty("os.name")
      };
    }
  }
}
