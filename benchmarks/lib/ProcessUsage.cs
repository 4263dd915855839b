using System;
using System.Collections.Generic;
using System.Diagnostics.Tracing;
using System.Runtime.InteropServices;

namespace Splice.Benchmarks
{
    /// <summary>What this process and the children it has waited for have used, and a signal for one of them.</summary>
    public static class ProcessUsage
    {
        /// <summary>Seconds of processor time, user and system, of this process and of its children (getrusage(2)).</summary>
        public static (double User, double System) ProcessorTime()
        {
            Check(getrusage(0, out Usage self));
            Check(getrusage(-1, out Usage children));
            return (self.UserSeconds + children.UserSeconds, self.SystemSeconds + children.SystemSeconds);
        }

        /// <summary>Sends SIGINT to a process (kill(2)).</summary>
        public static void Interrupt(int processId) => Check(kill(processId, 2));

        /// <summary>A system call that does nothing, and that a trace can be searched for: kill(2) with signal 0.</summary>
        public static void Mark() => Check(kill(Environment.ProcessId, 0));

        private static void Check(int result)
        {
            if (result != 0)
            {
                throw new InvalidOperationException("errno " + Marshal.GetLastPInvokeError());
            }
        }

        [DllImport("libc", SetLastError = true)]
        private static extern int getrusage(int who, out Usage usage);

        [DllImport("libc", SetLastError = true)]
        private static extern int kill(int processId, int signal);

        // struct rusage: two timevals, then 14 counters that are not looked at.
        [StructLayout(LayoutKind.Sequential)]
        private struct Usage
        {
            private readonly nint _userSeconds, _userMicroseconds, _systemSeconds, _systemMicroseconds;
            private readonly nint _c1, _c2, _c3, _c4, _c5, _c6, _c7, _c8, _c9, _c10, _c11, _c12, _c13, _c14;

            public double UserSeconds => _userSeconds + _userMicroseconds / 1e6;

            public double SystemSeconds => _systemSeconds + _systemMicroseconds / 1e6;
        }
    }

    /// <summary>Names the methods of this project that the runtime compiles while it lives.</summary>
    public sealed class CompiledMethods : EventListener
    {
        private readonly List<string> _names = new();

        /// <summary>The methods compiled so far, with their types.</summary>
        public string[] Names
        {
            get
            {
                lock (_names)
                {
                    return _names.ToArray();
                }
            }
        }

        /// <inheritdoc/>
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            // The keyword of the just-in-time compiler; code that was compiled before raises none of its events.
            if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
            {
                EnableEvents(eventSource, EventLevel.Verbose, (EventKeywords)0x10);
            }
        }

        /// <inheritdoc/>
        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName is "MethodLoadVerbose_V1" or "MethodLoadVerbose_V2"
                && eventData.Payload![6] is string type && type.StartsWith("Splice.", StringComparison.Ordinal)
                && !type.StartsWith("Splice.Benchmarks", StringComparison.Ordinal))
            {
                lock (_names)
                {
                    _names.Add(type + "." + eventData.Payload[7]);
                }
            }
        }
    }
}
