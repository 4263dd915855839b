using System.Globalization;
using System.Text;
using Xunit;

namespace Splice.Tests.Streaming.Processes;

/// <summary>Native commands with pipes of the kernel between them.</summary>
public sealed class NativePipelineTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Arguments =>
    [
        "", " ", "a b", "'", "\"", "\\", "a\\\"b", "$HOME", "`x`", "*", "?", "[a]", "~", "-", "--", "a\nb", "\t", "ä", "語", "😀", "%s", "\r\n", "a=b;c|d&e>f<g",
    ];

    [Fact]
    public void Ten_commands_pass_a_file_on()
    {
        string source = _workspace.WriteRandom("source", 3_000_001);

        PipelineResult result = Pipelines.Run(Pipelines.Of([.. Enumerable.Range(0, 10).Select(_ => Pipelines.Command("cat"))]) with
        {
            InputPath = source,
            OutputPath = _workspace["copy"],
        });

        Files.AssertSameBytes(source, _workspace["copy"]);
        Assert.Equal(10, result.Commands.Count);
        Assert.All(result.Commands, command => Assert.True(command is { Succeeded: true, ExitCode: 0, Signal: null, Name: "cat" }));
        Assert.Equal(10, result.Commands.Select(command => command.ProcessId).Distinct().Count());
        Assert.Equal((3_000_001, 3_000_001, 0), (result.BytesIn, result.BytesOut, result.ExitCode));
        Assert.Equal(["copy", "source"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Arguments))]
    public void An_argument_arrives_as_it_is(string argument) =>
        Assert.Equal($"before\0{argument}\0after\0", Pipelines.Capture(Pipelines.Of(
            Pipelines.Command("printf", "%s\\0", "before", argument, "after"), Pipelines.Command("cat"))));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_command_that_fails_is_an_error_wherever_it_is(int place)
    {
        string old = _workspace.Write("old", "old"u8.ToArray());
        var commands = Enumerable.Range(0, 3).Select(i => Pipelines.Shell(i == place ? "cat; exit 7" : "cat")).ToArray();

        TransferException exception = Pipelines.Fail(Pipelines.Of(commands) with
        {
            InputPath = _workspace.WriteRandom("source", 100_003),
            OutputPath = old,
        });

        Assert.Equal((TransferErrorId.CommandFailed, "sh"), (exception.Id, exception.Target));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"(command {place + 1} of 3) ended with exit code 7"), exception.Message, StringComparison.Ordinal);
        Assert.Equal(7, exception.PartialPipeline().ExitCode);
        Assert.Equal([.. Enumerable.Range(0, 3).Select(i => i == place ? 7 : 0)], exception.PartialPipeline().Commands.Select(command => command.ExitCode!.Value));
        Assert.Equal("old", File.ReadAllText(old));
        Assert.Equal(["old", "source"], _workspace.Names);
    }

    [Fact]
    public void The_exit_code_is_that_of_the_last_that_failed()
    {
        PipelineResult result = Pipelines.Run(Pipelines.Of(Pipelines.Shell("exit 3"), Pipelines.Shell("exit 4"), Pipelines.Shell("exit 0")) with
        {
            OutputPath = _workspace["output"],
            AllowFailure = true,
        });

        Assert.Equal(4, result.ExitCode);
        Assert.Empty(File.ReadAllBytes(_workspace["output"]));
    }

    [Fact]
    public void A_signal_that_ends_a_command_has_its_name()
    {
        TransferException exception = Pipelines.Fail(Pipelines.Of(Pipelines.Shell("kill -s SEGV $$"), Pipelines.Command("cat")));

        Assert.Contains("was terminated by SIGSEGV", exception.Message, StringComparison.Ordinal);
        Assert.Equal((139, "SIGSEGV"), (exception.PartialPipeline().ExitCode, exception.PartialPipeline().Commands[0].Signal));
    }

    [Fact]
    public void A_reader_that_has_had_enough_is_no_failure()
    {
        Assert.Equal("y\ny\n", Pipelines.Capture(Pipelines.Of(Pipelines.Command("yes"), Pipelines.Command("head", "-c", "4")), out PipelineResult result));
        Assert.Equal(("SIGPIPE", true, 0), (result.Commands[0].Signal, result.Commands[0].Succeeded, result.ExitCode));
    }

    [Fact]
    public void The_last_command_s_reader_is_another_matter()
    {
        string fifo = Pipelines.MakeFifo(_workspace["fifo"]);
        var reader = new Worker<int>(() =>
        {
            using FileStream stream = File.OpenRead(fifo);
            return stream.ReadByte();
        });

        TransferException exception = Pipelines.Fail(Pipelines.Of(Pipelines.Command("yes")) with { OutputPath = fifo });

        Assert.Equal('y', reader.Join());
        Assert.Contains("SIGPIPE", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fifo_gives_and_takes()
    {
        string fifo = Pipelines.MakeFifo(_workspace["fifo"]);
        var writer = new Worker<PipelineResult>(() => Pipelines.Run(Pipelines.Of(Pipelines.Command("printf", "text")) with { OutputPath = fifo }));

        Assert.Equal("text", Pipelines.Capture(Pipelines.Of(Pipelines.Command("cat")) with { InputPath = fifo }, out PipelineResult result));
        Assert.Null(result.BytesIn);
        Assert.Null(writer.Join().BytesOut);
        Assert.Equal(["fifo"], _workspace.Names);
    }

    [Fact]
    public void A_device_is_written_to()
    {
        PipelineResult result = Pipelines.Run(Pipelines.Of(Pipelines.Command("printf", "text")) with { OutputPath = "/dev/null" });
        Assert.Null(result.BytesOut);
        Assert.Equal("character special file", Command.Check("stat", "--format=%F", "/dev/null"));
    }

    [Fact]
    public void The_file_that_is_replaced_leaves_its_mode_and_a_new_one_takes_the_umask()
    {
        string old = _workspace.Write("old", "old"u8.ToArray());
        Command.Check("chmod", "0640", old);
        Pipelines.Run(Pipelines.Of(Pipelines.Command("printf", "text")) with { OutputPath = old });
        Pipelines.Run(Pipelines.Of(Pipelines.Command("printf", "text")) with { OutputPath = _workspace["new"] });
        File.WriteAllText(_workspace["plain"], "text");

        Assert.Equal("640", Files.Metadata(old, "%a"));
        Assert.Equal(Files.Metadata(_workspace["plain"], "%a"), Files.Metadata(_workspace["new"], "%a"));
        Assert.Equal("text", File.ReadAllText(old));
    }

    [Fact]
    public void A_file_can_be_its_own_source()
    {
        string file = _workspace.Write("file", "b\na\n"u8.ToArray());
        Pipelines.Run(Pipelines.Of(Pipelines.Command("sort")) with { InputPath = file, OutputPath = file });
        Assert.Equal("a\nb\n", File.ReadAllText(file));
        Assert.Equal(TransferErrorId.SameFile, Pipelines.Fail(Pipelines.Of(Pipelines.Command("cat")) with { InputPath = file, OutputPath = file, Append = true }).Id);
        Assert.Equal("a\nb\n", File.ReadAllText(file));
    }

    [Fact]
    public void A_failure_tells_a_missing_output_from_an_unchanged_one()
    {
        string existing = _workspace.Write("existing", "old"u8.ToArray());
        PipelineRequest request = Pipelines.Of(Pipelines.Shell("exit 1"));

        Assert.Contains($"'{existing}' was not changed.", Pipelines.Fail(request with { OutputPath = existing }).Message, StringComparison.Ordinal);
        Assert.Contains($"'{existing}.new' was not created.", Pipelines.Fail(request with { OutputPath = $"{existing}.new" }).Message, StringComparison.Ordinal);
        Assert.False(File.Exists($"{existing}.new"));
    }

    [Fact]
    public void Append_adds_in_place()
    {
        string file = _workspace.Write("file", "old "u8.ToArray());
        string inode = Files.Metadata(file, "%i");
        PipelineRequest request = Pipelines.Of(Pipelines.Shell("printf new; exit ${CODE:-0}")) with { OutputPath = file, Append = true };

        Assert.Equal(3, Pipelines.Run(request).BytesOut);
        TransferException exception = Pipelines.Fail(request with { Environment = new Dictionary<string, string> { ["CODE"] = "1" } });

        Assert.Contains($"3 bytes were appended to '{file}'", exception.Message, StringComparison.Ordinal);
        Assert.Equal("old newnew", File.ReadAllText(file));
        Assert.Equal(inode, Files.Metadata(file, "%i"));
    }

    [Fact]
    public void Append_to_a_missing_file_writes_in_place_as_to_any_other()
    {
        string file = _workspace["file"];
        PipelineRequest request = Pipelines.Of(Pipelines.Shell("printf new; exit 1")) with { OutputPath = file, Append = true };

        Assert.Contains($"3 bytes were appended to '{file}'", Pipelines.Fail(request).Message, StringComparison.Ordinal);
        Pipelines.Run(Pipelines.Of(Pipelines.Shell($"printf ' and '; printf more >> '{file}'")) with { OutputPath = file, Append = true });

        Assert.Equal("new and more", File.ReadAllText(file));
        Assert.Equal(["file"], _workspace.Names);
    }

    [Fact]
    public void Errors_are_not_written_over_a_new_output_that_is_appended_to()
    {
        string file = _workspace["file"];
        NativeCommand command = Pipelines.Shell("echo error >&2; echo output") with { ErrorTarget = ErrorTarget.File, ErrorFile = file };

        Assert.Equal(TransferErrorId.SameFile, Pipelines.Fail(Pipelines.Of(command) with { OutputPath = file, Append = true }).Id);
    }

    [Fact]
    public void Errors_go_to_their_file_and_each_command_s_last_words_are_known()
    {
        string errors = _workspace["errors"];
        PipelineResult result = Pipelines.Run(
            Pipelines.Of(Pipelines.Shell("echo first >&2"), Pipelines.Shell("cat; echo second >&2"), Pipelines.Shell("exit 0")) with { ErrorPath = errors });

        Assert.Equal(["first", "second"], File.ReadAllLines(errors).Order(StringComparer.Ordinal));
        Assert.Equal(["first\n", "second\n", ""], result.Commands.Select(command => command.ErrorText));
    }

    [Fact]
    public void Of_many_errors_the_last_are_kept_and_all_are_in_the_file()
    {
        PipelineResult result = Pipelines.Run(Pipelines.Of(Pipelines.Shell("seq 100000 >&2")) with { ErrorPath = _workspace["errors"] });

        Assert.Equal(100_000, File.ReadLines(_workspace["errors"]).Count());
        Assert.Equal(4096, result.Commands[0].ErrorText!.Length);
        Assert.EndsWith("99999\n100000\n", result.Commands[0].ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_writes_errors_faster_than_they_are_read_can_be_stopped()
    {
        using var stop = new CancellationTokenSource();
        long all = 0;
        var monitor = new PipelineMonitor
        {
            Errors = bytes =>
            {
                all += bytes.Length;
                Thread.Sleep(1);
                stop.Cancel();
            },
            Cancellation = stop.Token,
        };

        TransferException error = Assert.Throws<TransferException>(
            () => Pipelines.Run(Pipelines.Of(Pipelines.Shell("head -c 4M /dev/zero >&2; sleep 100")), monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.InRange(all, 1, 1 << 20);
    }

    [Theory]
    [InlineData("data", null, "data")]
    [InlineData("data", null, "link")]
    [InlineData(null, "data", "link")]
    [InlineData(null, "data", "data")]
    [InlineData(null, "new", "new")]
    public void Errors_destroy_neither_the_input_nor_the_output(string? input, string? output, string errors)
    {
        string data = _workspace.Write("data", "old"u8.ToArray());
        File.CreateSymbolicLink(_workspace["link"], data);
        PipelineRequest request = Pipelines.Of() with
        {
            InputPath = input is null ? null : _workspace[input],
            OutputPath = output is null ? null : _workspace[output],
        };
        NativeCommand command = Pipelines.Shell("echo error >&2; echo new");
        List<PipelineRequest> requests = [request with { Commands = [command with { ErrorTarget = ErrorTarget.File, ErrorFile = _workspace[errors] }] }];
        if (output != errors)
        {
            requests.Add(request with { Commands = [command], ErrorPath = _workspace[errors] });
        }

        Assert.All(requests, one => Assert.Equal(TransferErrorId.SameFile, Pipelines.Fail(one).Id));
        Assert.Equal("old", File.ReadAllText(data));
        Assert.Equal(["data", "link"], _workspace.Names);
    }

    [Theory]
    [InlineData("old\n")]
    [InlineData(null)]
    public void Errors_and_output_can_be_appended_to_one_file(string? old)
    {
        string log = old is null ? _workspace["log"] : _workspace.Write("log", Encoding.UTF8.GetBytes(old));
        NativeCommand command = Pipelines.Shell("echo error >&2; echo output") with { ErrorTarget = ErrorTarget.File, ErrorFile = log, AppendsErrors = true };

        Pipelines.Run(Pipelines.Of(command) with { OutputPath = log, Append = true });

        Assert.Equal(old + "error\noutput\n", File.ReadAllText(log));
    }

    [Fact]
    public void Errors_of_a_command_can_be_output_or_a_file_of_their_own()
    {
        string file = _workspace.Write("errors", "old"u8.ToArray());
        NativeCommand command = Pipelines.Shell("echo error >&2; echo output");

        Assert.Equal("error\noutput\n", Pipelines.Capture(Pipelines.Of(command with { ErrorTarget = ErrorTarget.Output }, Pipelines.Command("cat"))));
        Assert.Equal("output\n", Pipelines.Capture(Pipelines.Of(command with { ErrorTarget = ErrorTarget.File, ErrorFile = file }, Pipelines.Command("cat"))));
        Assert.Equal("error\n", File.ReadAllText(file));
        Pipelines.Capture(Pipelines.Of(command with { ErrorTarget = ErrorTarget.File, ErrorFile = file, AppendsErrors = true }));
        Assert.Equal("error\nerror\n", File.ReadAllText(file));
    }

    [Fact]
    public void Environment_and_folder_are_the_request_s()
    {
        PipelineRequest request = Pipelines.Of(Pipelines.Command("env")) with
        {
            Environment = new Dictionary<string, string> { ["NAME"] = "a b=c", ["ÄÖ"] = "語" },
            WorkingDirectory = "/usr",
        };

        Assert.Equal(["NAME=a b=c", "ÄÖ=語"], Pipelines.Capture(request).TrimEnd().Split('\n').Order(StringComparer.Ordinal));
        Assert.Equal("/usr\n", Pipelines.Capture(request with { Commands = [Pipelines.Command("pwd", "-P")] }));
    }

    [Fact]
    public void A_rate_moves_all_bytes_from_the_input_or_to_the_output()
    {
        string source = _workspace.WriteRandom("source", 300_007);
        PipelineRequest request = Pipelines.Of(Pipelines.Command("cat"), Pipelines.Command("cat")) with { RateLimit = new RateLimiter(100_000_000) };

        PipelineResult fromInput = Pipelines.Run(request with { InputPath = source, OutputPath = _workspace["one"] });
        PipelineResult toOutput = Pipelines.Run(request with { Commands = [Pipelines.Command("cat", source)], OutputPath = _workspace["two"] });
        Pipelines.Run(request with { Commands = [Pipelines.Command("cat", source)], OutputPath = _workspace["two"], Append = true });
        Pipelines.Capture(request with { Commands = [Pipelines.Command("cat", source)] }, out PipelineResult captured);

        Files.AssertSameBytes(source, _workspace["one"]);
        Assert.Equal(Enumerable.Repeat(File.ReadAllBytes(source), 2).SelectMany(bytes => bytes), File.ReadAllBytes(_workspace["two"]));
        Assert.Equal((300_007, 300_007), (fromInput.BytesIn, fromInput.BytesOut));
        Assert.Equal((null, 300_007), (toOutput.BytesIn, toOutput.BytesOut));
        Assert.Equal(300_007, captured.BytesOut);
    }

    [Fact]
    public void A_rate_ends_with_a_first_command_that_has_had_enough()
    {
        PipelineRequest request = Pipelines.Of(Pipelines.Command("head", "-c", "5")) with { InputPath = "/dev/zero", RateLimit = new RateLimiter(1_000_000) };
        Assert.Equal("\0\0\0\0\0", Pipelines.Capture(request));
    }

    [Fact]
    public void A_command_that_goes_on_after_the_end_of_its_output_is_waited_for()
    {
        int rounds = 0;
        PipelineRequest request = Pipelines.Of(Pipelines.Shell("echo output; exec >&-; sleep 1")) with
        {
            OutputPath = _workspace["output"],
            RateLimit = new RateLimiter(1_000_000),
        };

        Pipelines.Run(request, new PipelineMonitor { Progress = _ => rounds++ });

        Assert.Equal("output\n", File.ReadAllText(_workspace["output"]));
        Assert.InRange(rounds, 1, 100);
    }

    [Fact]
    public void Progress_tells_how_far_the_input_is_read()
    {
        string source = _workspace.WriteRandom("source", 100_000);
        List<TransferProgress> reports = [];

        Pipelines.Run(
            Pipelines.Of(Pipelines.Shell("dd bs=1000 count=40 status=none; read line < /dev/null; cat")) with { InputPath = source, OutputPath = "/dev/null" },
            new PipelineMonitor { Progress = reports.Add });

        Assert.All(reports, report => Assert.Equal(100_000, report.TotalBytes));
        Assert.Equal(100_000, reports[^1].BytesCopied);
        Assert.Equal(reports.Select(report => report.BytesCopied).Order(), reports.Select(report => report.BytesCopied));
    }

    [Fact]
    public void Memory_and_time_are_the_command_s_own()
    {
        // tail keeps 64 MiB until its input ends.
        PipelineResult result = Pipelines.Run(Pipelines.Of(
            Pipelines.Shell("head -c 64M /dev/zero; sleep 1"), Pipelines.Command("tail", "-c", "64M")) with
        { OutputPath = "/dev/null" });

        Assert.InRange(result.Commands[1].PeakMemory!.Value, 64 << 20, 96 << 20);
        Assert.True(result.Commands[1].UserTime + result.Commands[1].SystemTime > TimeSpan.Zero);
        Assert.True(result.Commands[1].Elapsed <= result.Elapsed);
    }

    [Theory]
    [InlineData("not-executable", "EACCES")]
    [InlineData("no-program", "ENOEXEC")]
    [InlineData("no-interpreter", "ENOENT")]
    [InlineData("nothing", "ENOENT")]
    public void What_cannot_be_started_ends_what_has_been(string name, string errno)
    {
        _workspace.Write("not-executable", "#!/bin/sh\n"u8.ToArray());
        _workspace.Write("no-program", "text"u8.ToArray());
        _workspace.Write("no-interpreter", "#!/nowhere/sh\n"u8.ToArray());
        Command.Check("chmod", "755", _workspace["no-program"], _workspace["no-interpreter"]);
        string pid = _workspace["pid"];
        var command = new NativeCommand { Path = _workspace[name], Name = name };

        TransferException exception = Pipelines.Fail(Pipelines.Of(Pipelines.Shell($"echo $$ > '{pid}'; exec sleep 1000"), command));

        Assert.Equal((TransferErrorId.CommandNotStarted, errno), (exception.Id, $"{exception.Errno}"));
        Assert.False(File.Exists(pid) && File.ReadAllText(pid).Trim() is { Length: > 0 } id && Directory.Exists($"/proc/{id}"));
    }

    [Fact]
    public void An_argument_that_no_program_can_be_given_is_an_error()
    {
        foreach (string argument in new[] { "a\0b", "a\ud800", "\udc00\ud800", "\ud800b" })
        {
            Assert.Equal(TransferErrorId.InvalidArgument, Pipelines.Fail(Pipelines.Of(Pipelines.Command("printf", argument))).Id);
        }
    }

    [Fact]
    public void Arguments_that_are_too_long_are_an_error()
    {
        TransferException exception = Pipelines.Fail(Pipelines.Of(Pipelines.Command("true", new string('x', 1 << 20))));
        Assert.Equal((TransferErrorId.CommandNotStarted, Errno.E2BIG), (exception.Id, exception.Errno));
    }

    [Theory]
    [InlineData("input", TransferErrorId.SourceNotFound)]
    [InlineData("folder-as-input", TransferErrorId.SourceIsDirectory)]
    [InlineData("folder-as-output", TransferErrorId.DestinationExists)]
    [InlineData("output", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("errors", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("working-directory", TransferErrorId.SourceNotFound)]
    [InlineData("both", TransferErrorId.ConflictingOptions)]
    [InlineData("name", TransferErrorId.InvalidArgument)]
    public void A_bad_path_is_an_error_before_anything_runs(string what, TransferErrorId id)
    {
        string trace = _workspace["ran"];
        PipelineRequest request = Pipelines.Of(Pipelines.Command("touch", trace));
        string nowhere = _workspace["nowhere/file"];
        request = what switch
        {
            "input" => request with { InputPath = nowhere },
            "folder-as-input" => request with { InputPath = _workspace.Folder },
            "folder-as-output" => request with { OutputPath = _workspace.Folder },
            "output" => request with { OutputPath = nowhere },
            "errors" => request with { ErrorPath = nowhere },
            "working-directory" => request with { WorkingDirectory = nowhere },
            "both" => request with { OutputPath = _workspace["one"], ErrorPath = _workspace["one"] },
            _ => request with { Environment = new Dictionary<string, string> { ["a=b"] = "c" } },
        };

        Assert.Equal(id, Pipelines.Fail(request).Id);
        Assert.Empty(_workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();
}
