<#
.SYNOPSIS
    Moves bytes through sockets and pipes with Copy-StreamZeroCopy and with its peers, turn by turn, in one run: a file to
    TCP, a relay from socket to socket, one source to four pipes.

.DESCRIPTION
    The other ends are processes that send from, or throw away into, the kernel, so that what they take is small and the
    same for both. CPU is that of this process, user and system. tee is a process of its own, whose CPU time is not taken.

.EXAMPLE
    pwsh -NoProfile benchmarks/stream-against-peers.ps1 -Folder /dev/shm
#>
param(
    # Where the source file is made.
    [string] $Folder = '/var/tmp',
    # The bytes to move in each job.
    [long] $Size = 4GB,
    # How many times each moves them.
    [int] $Rounds = 9
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
$module = [IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1'))
Import-Module $module
$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$null = [IO.Directory]::CreateDirectory($work)
$source = "$work/source"
$self = [Diagnostics.Process]::GetCurrentProcess()

# One who throws away what comes to a port, or sends zeros to it; each connection is one round.
function Open-Peer([string] $Script) {
    $start = [Diagnostics.ProcessStartInfo]::new([Environment]::ProcessPath)
    foreach ($argument in '-NoProfile', '-NonInteractive', '-Command', $Script) { $start.ArgumentList.Add($argument) }
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardInput = $true
    [Diagnostics.Process]::Start($start)
}

$sinkScript = @"
Import-Module '$module'
`$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0); `$listener.Start()
[Console]::WriteLine(`$listener.LocalEndpoint.Port)
while (`$true) {
    `$socket = `$listener.AcceptSocket()
    `$null = Copy-StreamZeroCopy `$socket /dev/null
    `$socket.Dispose()
}
"@
$feedScript = @"
Import-Module '$module'
`$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0); `$listener.Start()
[Console]::WriteLine(`$listener.LocalEndpoint.Port)
while (`$true) {
    `$socket = `$listener.AcceptSocket()
    `$null = Copy-StreamZeroCopy '$source' `$socket -CloseDestination
    `$null = `$socket.Receive([byte[]]::new(1))
    `$socket.Dispose()
}
"@

function Connect-Port([int] $Port) {
    $socket = [Net.Sockets.Socket]::new([Net.Sockets.AddressFamily]::InterNetwork, 'Stream', 'Tcp')
    $socket.Connect([Net.IPAddress]::Loopback, $Port)
    $socket
}

# The sink has everything when it has closed its side.
function Complete-Sending([Net.Sockets.Socket] $Socket) {
    $Socket.Shutdown('Send')
    $null = $Socket.Receive([byte[]]::new(1))
    $Socket.Dispose()
}

# Runs a job and takes note of the CPU time of this process.
function Measure-Cpu([string] $Name, [scriptblock] $Job) {
    $self.Refresh()
    $before = $self.TotalProcessorTime
    & $Job
    $self.Refresh()
    if ($counts) { $cpu[$Name].Add(($self.TotalProcessorTime - $before).TotalSeconds) }
}

function Write-Comparison([string] $Job, [string] $Ours, [string] $Peer, [hashtable] $Seconds) {
    [pscustomobject]@{
        Job = $Job
        Bytes = $Size
        Rounds = $Rounds
        Seconds = [Math]::Round((Get-Median $Seconds[$Ours]), 3)
        PeerSeconds = [Math]::Round((Get-Median $Seconds[$Peer]), 3)
        TimeRatio = [Math]::Round((Get-MedianRatio $Seconds[$Ours] $Seconds[$Peer]), 3)
        Cpu = [Math]::Round((Get-Median $cpu[$Ours]), 3)
        PeerCpu = if ($Peer -ne 'tee') { [Math]::Round((Get-Median $cpu[$Peer]), 3) }
        CpuRatio = if ($Peer -ne 'tee') { [Math]::Round((Get-MedianRatio $cpu[$Ours] $cpu[$Peer]), 3) }
    }
}

function Compare-Job([string] $Job, [System.Collections.Specialized.OrderedDictionary] $Script) {
    $script:cpu = @{}
    foreach ($name in $Script.Keys) { $cpu[$name] = [Collections.Generic.List[double]]::new() }
    $names = @($Script.Keys)
    $script:counts = $false
    $script:runs = 0
    $warmUp = 1
    $seconds = Measure-InTurn $Script $Rounds -WarmUp $warmUp -Before {
        $script:counts = $script:runs -ge $warmUp * $names.Count
        $script:runs++
    }
    Write-Comparison -Job $Job -Ours $names[0] -Peer $names[1] -Seconds $seconds
}

$peers = @()
try {
    $null = Copy-StreamZeroCopy /dev/urandom $source -Count 64MB
    while ((Get-Item $source).Length -lt $Size) {
        $null = Copy-ItemZeroCopy $source "$source.part"
        $null = Copy-ItemZeroCopy "$source.part" $source -Append
    }

    [IO.File]::Delete("$source.part")
    $sink = Open-Peer $sinkScript
    $feed = Open-Peer $feedScript
    $peers = $sink, $feed
    $sinkPort = [int]$sink.StandardOutput.ReadLine()
    $feedPort = [int]$feed.StandardOutput.ReadLine()

    Compare-Job 'file to TCP' ([ordered]@{
            'Copy-StreamZeroCopy' = {
                Measure-Cpu 'Copy-StreamZeroCopy' {
                    $socket = Connect-Port $sinkPort
                    $null = Copy-StreamZeroCopy $source $socket
                    Complete-Sending $socket
                }
            }
            'CopyToAsync' = {
                Measure-Cpu 'CopyToAsync' {
                    $socket = Connect-Port $sinkPort
                    $stream = [Net.Sockets.NetworkStream]::new($socket)
                    $file = [IO.File]::OpenRead($source)
                    $file.CopyToAsync($stream).GetAwaiter().GetResult()
                    $file.Dispose()
                    Complete-Sending $socket
                }
            }
        })

    Compare-Job 'socket to socket' ([ordered]@{
            'Copy-StreamZeroCopy' = {
                Measure-Cpu 'Copy-StreamZeroCopy' {
                    $from = Connect-Port $feedPort
                    $to = Connect-Port $sinkPort
                    $null = Copy-StreamZeroCopy $from $to
                    $from.Dispose()
                    Complete-Sending $to
                }
            }
            'CopyToAsync' = {
                Measure-Cpu 'CopyToAsync' {
                    $from = Connect-Port $feedPort
                    $to = Connect-Port $sinkPort
                    $in = [Net.Sockets.NetworkStream]::new($from)
                    $in.CopyToAsync([Net.Sockets.NetworkStream]::new($to)).GetAwaiter().GetResult()
                    $from.Dispose()
                    Complete-Sending $to
                }
            }
        })

    # Four pipes, each with a thread elsewhere that throws away what comes, without looking at it; the same for both. They
    # are held open here, so that each round ends with the count.
    $pipes = 1..4 | ForEach-Object { New-SplicePipe -Capacity 1MB }
    $ends = foreach ($pipe in $pipes) { "/proc/$PID/fd/$($pipe.WriteEnd.DangerousGetHandle())" }
    $outs = foreach ($pipe in $pipes) { "/proc/$PID/fd/$($pipe.ReadEnd.DangerousGetHandle())" }
    $drainScript = @"
Import-Module '$module'
`$shells = foreach (`$pipe in '$($outs -join "','")') {
    @{ Shell = [powershell]::Create().AddScript('param(`$m, `$p, `$n) Import-Module `$m; Copy-StreamZeroCopy `$p /dev/null -Count `$n').AddArgument('$module').AddArgument(`$pipe).AddArgument($Size) }
}
while (`$null -ne [Console]::ReadLine()) {
    foreach (`$one in `$shells) { `$one.Run = `$one.Shell.BeginInvoke() }
    foreach (`$one in `$shells) { `$null = `$one.Shell.EndInvoke(`$one.Run) }
    [Console]::WriteLine('done')
}
"@
    $drain = Open-Peer $drainScript
    $peers += $drain
    Compare-Job 'one to four pipes' ([ordered]@{
            'Copy-StreamZeroCopy' = {
                Measure-Cpu 'Copy-StreamZeroCopy' {
                    $drain.StandardInput.WriteLine()
                    $null = Copy-StreamZeroCopy $source $pipes
                    $null = $drain.StandardOutput.ReadLine()
                }
            }
            'tee' = {
                Measure-Cpu 'tee' {
                    $drain.StandardInput.WriteLine()
                    bash -c 'tee "$1" "$2" "$3" < "$0" > "$4"' $source $ends
                    $null = $drain.StandardOutput.ReadLine()
                }
            }
        })
}
finally {
    foreach ($peer in $peers) { $peer.Kill(); $peer.Dispose() }
    [IO.Directory]::Delete($work, $true)
}
