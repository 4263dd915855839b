using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

namespace Splice.TestKit.Processes;

/// <summary>A process that a test starts. No wait for it is endless: at the limit it is killed, and the test fails with what it
/// wrote.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly string _command;
    private readonly Process _process;
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _errorText = new();
    private readonly Task _errors;

    /// <param name="command">A program and its arguments.</param>
    public ChildProcess(params string[] command)
        : this(command, environment: null)
    {
    }

    /// <param name="command">A program and its arguments.</param>
    /// <param name="environment">Variables that it gets besides those of this process.</param>
    public ChildProcess(string[] command, IReadOnlyDictionary<string, string>? environment)
    {
        _command = string.Join(' ', command);
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _errors = Begin(() => Collect(_process.StandardError, _errorText));
    }

    public string Id => _process.Id.ToString(CultureInfo.InvariantCulture);

    public bool HasExited => _process.HasExited;

    /// <summary>How it ended, and what has been read of its output; null while it runs.</summary>
    public string? EndReport => HasExited ? $"exit code {_process.ExitCode}: {Read(_text)}{Read(_errorText)}" : null;

    /// <summary>Everything that it wrote to its standard error. Waits for the end of that.</summary>
    public string Errors
    {
        get
        {
            Await(_errors);
            return Read(_errorText);
        }
    }

    /// <summary>Writes a line to its standard input.</summary>
    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Ends its standard input.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Reads a line of its standard output; null at the end of that.</summary>
    public string? ReadLine() => EndReadLine(BeginReadLine());

    /// <summary>Begins to read a line of its standard output; null at the end of that.</summary>
    public Task<string?> BeginReadLine() => Begin(() => _process.StandardOutput.ReadLine());

    /// <summary>Waits for a line.</summary>
    public string? EndReadLine(Task<string?> line)
    {
        Await(line);
        return line.Result;
    }

    /// <summary>Waits until its standard error has a text.</summary>
    public void WaitForError(string text)
    {
        bool Has() => Read(_errorText).Contains(text, StringComparison.Ordinal);
        SpinWait.SpinUntil(() => Has() || _errors.IsCompleted, Wait.Limit);
        if (!Has())
        {
            Fail($"does not write '{text}'");
        }
    }

    /// <summary>Reads the rest of its standard output, and waits for its end.</summary>
    public string ReadToEnd()
    {
        Await(Begin(() => Collect(_process.StandardOutput, _text)));
        WaitForExit();
        return Read(_text);
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code: 128 and the signal's number if a signal ended it.</returns>
    public int WaitForExit()
    {
        // Without a limit, Process would wait for the end of its output as well, which its own children may keep open.
        if (!_process.WaitForExit(Wait.Limit))
        {
            Fail("does not end");
        }

        return _process.ExitCode;
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(string name)
    {
        using var kill = new ChildProcess("kill", "-s", name, Id);
        Assert.True(kill.WaitForExit() == 0, kill.Errors);
    }

    /// <summary>Kills it, and waits for its end.</summary>
    public void Kill()
    {
        _process.Kill();
        WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(Wait.Limit);
        }

        _process.Dispose();
    }

    /// <summary>Reads on a thread of its own: those of the pool are few, and a read occupies one until it ends.</summary>
    private static Task Begin(Action read) => Task.Factory.StartNew(read, default, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static Task<T> Begin<T>(Func<T> read) => Task.Factory.StartNew(read, default, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Collect(StreamReader reader, StringBuilder text)
    {
        char[] buffer = new char[4096];
        for (int count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
        {
            lock (text)
            {
                text.Append(buffer, 0, count);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private void Await(Task task)
    {
        if (!task.Wait(Wait.Limit))
        {
            Fail("does not end or answer");
        }
    }

    private void Fail(string what)
    {
        string state = _process.HasExited ? $"ended with {_process.ExitCode}" : "was killed";
        _process.Kill(entireProcessTree: true);
        Assert.Fail($"'{_command}' {what} ({state}, limit {Wait.Limit}):\n{Read(_text)}{Read(_errorText)}");
    }
}
