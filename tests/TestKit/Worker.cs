using System.Collections;
using System.Globalization;
using Xunit;

namespace Splice.TestKit;

/// <summary>Work on a thread of its own, whose waiting in the kernel can be seen from outside.</summary>
internal sealed class Worker<T>
{
    private readonly Thread _thread;
    private readonly TaskCompletionSource<int> _threadId = new();
    private T? _result;
    private Exception? _exception;

    public Worker(Func<T> work)
    {
        _thread = new Thread(() =>
        {
            _threadId.SetResult(Posix.ThreadId);
            try
            {
                _result = work();
            }
            catch (Exception exception)
            {
                _exception = exception;
            }
        })
        {
            IsBackground = true,
        };
        _thread.Start();
    }

    /// <summary>Result or error of the work; null while it runs.</summary>
    public string? EndReport => _thread.IsAlive ? null : Describe(_exception ?? (object?)_result);

    /// <summary>Returns when the thread sleeps in poll(2) without a time limit.</summary>
    public void WaitUntilItPolls()
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{_threadId.Task.Result}/syscall");
        Wait.Until(() => IsPolling(path) || !_thread.IsAlive, "The work does not come to wait in poll(2).");
        Assert.True(_thread.IsAlive, $"The work ended without waiting: {_exception}");
    }

    /// <summary>What the work answered; what it threw is thrown here.</summary>
    public T Join()
    {
        Assert.True(_thread.Join(Wait.Limit), "The work does not end.");
        return _exception is null ? _result! : throw new InvalidOperationException("The work failed.", _exception);
    }

    /// <summary>What the work threw.</summary>
    public TException JoinFailed<TException>()
        where TException : Exception
    {
        Assert.True(_thread.Join(Wait.Limit), "The work does not end.");
        return Assert.IsType<TException>(_exception);
    }

    /// <summary>Waits for the end of the work and ignores its error.</summary>
    public void WaitForEnd() => _thread.Join(Wait.Limit);

    private static string Describe(object? end) =>
        end is IEnumerable items and not string ? string.Join('\n', items.Cast<object?>()) : $"{end}";

    /// <summary>The call's number, its arguments, the stack: "7 0x... 0x2 0xffffffff ...", or "running".</summary>
    private static bool IsPolling(string path)
    {
        string[] call = Read(path).Split(' ');
        return call[0] switch
        {
            "7" => call[3] is "0xffffffff" or "0xffffffffffffffff", // poll, x64
            "271" or "73" => call[3] is "0x0", // ppoll, x64 and arm64
            _ => false,
        };
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return string.Empty; // the thread has ended
        }
    }
}
