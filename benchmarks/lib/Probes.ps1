# System calls and peak memory, in runs of their own that are not timed.

# Counts the calls of a process and its children that strace writes down between two calls of kill(2) with signal 0. Answers
# nothing where strace may not look.
function Measure-AttachedCall([int] $ProcessId, [scriptblock] $Script) {
    $path = [IO.Path]::GetTempFileName()
    try {
        # What strace has to say of threads that come and go is not wanted.
        $command = "exec strace -f -q -e signal=none -o '$path' -p $ProcessId 2> /dev/null"
        $strace = [Diagnostics.Process]::Start('sh', [string[]]('-c', $command))
        $pattern = [regex]'TracerPid:\s+(\d+)'
        do {
            Start-Sleep -Milliseconds 20
            $tracers = foreach ($task in [IO.Directory]::GetDirectories("/proc/$ProcessId/task")) {
                try { $pattern.Match([IO.File]::ReadAllText("$task/status")).Groups[1].Value } catch [IO.IOException] { continue }
            }
            # Whoever is not root may not attach to any process everywhere: ptrace(2), "ptrace_scope".
            if ($strace.HasExited) { return }
        } while ($tracers -contains '0')

        try { $null = & $Script }
        finally {
            [Splice.Benchmarks.ProcessUsage]::Interrupt($strace.Id)
            $strace.WaitForExit()
            $strace.Dispose()
        }

        [long](awk '/ kill\([0-9]+, 0[ )]/ { inside = !inside; next } inside && !/ resumed>|\+\+\+/ { n++ } END { print n + 0 }' $path)
    }
    finally {
        [IO.File]::Delete($path)
    }
}

# The system calls of one run of a contestant, or nothing where strace cannot count them.
function Measure-SystemCall([hashtable] $Contestant) {
    if ($Contestant.Timer -or $Contestant.Untraced -or (Get-MissingReason strace)) { return }
    if ($Contestant.Python) {
        # The peer marks the beginning and the end itself.
        return Measure-AttachedCall (Get-PythonProcess).Id { Invoke-Contestant $Contestant }
    }

    if ($Contestant.Script) {
        return Measure-AttachedCall $PID {
            [Splice.Benchmarks.ProcessUsage]::Mark()
            Invoke-Contestant $Contestant
            [Splice.Benchmarks.ProcessUsage]::Mark()
        }
    }

    $path = [IO.Path]::GetTempFileName()
    try {
        $command = $Contestant.Command.Replace('{0}', '0')
        strace -c -U calls,name -f -q -o $path $command
        $total = Get-Content $path | Where-Object { $_ -match '^\s*(\d+)\s+total$' }
        [long]([regex]::Match("$total", '\d+').Value)
    }
    finally {
        [IO.File]::Delete($path)
    }
}

function Get-ResidentByte([string] $Field, [int] $ProcessId) {
    $status = [IO.File]::ReadAllText("/proc/$ProcessId/status")
    [long][regex]::Match($status, "${Field}:\s+(\d+) kB").Groups[1].Value * 1KB
}

# The most memory that one run takes: a program's own, or by how much a process that was there before grows.
function Measure-PeakMemory([hashtable] $Contestant) {
    if ($Contestant.Timer) { return }
    if ($Contestant.Command) {
        if (Get-MissingReason time) { return }
        $path = [IO.Path]::GetTempFileName()
        try {
            $command = $Contestant.Command.Replace('{0}', '0')
            env time -q -f %M -o $path $command
            return [long](Get-Content $path -Tail 1) * 1KB
        }
        finally {
            [IO.File]::Delete($path)
        }
    }

    $process = $Contestant.Python ? (Get-PythonProcess).Id : $PID
    [GC]::Collect()
    # 5: forget the peak, proc_pid_clear_refs(5).
    [IO.File]::WriteAllText("/proc/$process/clear_refs", '5')
    $before = Get-ResidentByte VmRSS $process
    $null = Invoke-Contestant $Contestant
    [Math]::Max(0, (Get-ResidentByte VmHWM $process) - $before)
}
