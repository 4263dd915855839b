<#
.SYNOPSIS
    Sends a file with Send-ItemZeroCopy and with its peers, turn by turn, in one run, over an sshd of its own on the loopback:
    to one host beside "ssh host 'cat > f' < file" and scp, and to four beside bash's tee into four ssh.

.DESCRIPTION
    All write into the same folder. CPU is that of the process that reads the file: of this one, and of tee; the ssh that
    both need are not in it. It takes root, and Debian's openssh-server.

.EXAMPLE
    pwsh -NoProfile benchmarks/ssh-against-peers.ps1 -Folder /dev/shm -Size 1GB
#>
param(
    # Where the file and its copies are made.
    [string] $Folder = '/var/tmp',
    # The size of the file.
    [long] $Size = 4GB,
    # How many times each sends it.
    [int] $Rounds = 7
)

$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/statistics.ps1"
Import-Module ([IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', 'out', 'Splice', 'Splice.psd1')))
$work = [IO.Path]::Combine($Folder, "splice-benchmark-$PID")
$null = [IO.Directory]::CreateDirectory($work)
$null = [IO.Directory]::CreateDirectory('/run/sshd')
$source = "$work/source"
$self = [Diagnostics.Process]::GetCurrentProcess()
$server = $null

function Measure-Cpu([string] $Name, [scriptblock] $Job) {
    $self.Refresh()
    $before = $self.TotalProcessorTime
    & $Job
    $self.Refresh()
    $cpu[$Name].Add(($self.TotalProcessorTime - $before).TotalSeconds)
}

try {
    foreach ($key in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f "$work/$key" }
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    Set-Content "$work/sshd.conf" @"
Port $port
ListenAddress 127.0.0.1
HostKey $work/host
PidFile none
AuthorizedKeysFile $work/user.pub
PermitRootLogin yes
StrictModes no
UsePAM no
LogLevel QUIET
MaxStartups 100
Subsystem sftp internal-sftp
"@
    $aliases = 1..4 | ForEach-Object { "h$_" }
    $config = foreach ($name in $aliases) { "Host $name`nHostName 127.0.0.1" }
    Set-Content "$work/config" ($config + @"
Host *
Port $port
User root
IdentityFile $work/user
IdentitiesOnly yes
UserKnownHostsFile $work/known
"@)
    Set-Content "$work/known" "[127.0.0.1]:$port $(Get-Content "$work/host.pub")"
    $server = [Diagnostics.Process]::Start('/usr/sbin/sshd', [string[]]('-D', '-f', "$work/sshd.conf"))
    while (-not $(try { [Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose(); $true } catch { $false })) { Start-Sleep -Milliseconds 20 }

    # The same ssh and the same settings for all.
    $null = [IO.Directory]::CreateDirectory("$work/bin")
    Set-Content "$work/bin/ssh" "#!/bin/sh`nexec $((Get-Command ssh -CommandType Application)[0].Source) -F '$work/config' `"`$@`""
    chmod +x "$work/bin/ssh"
    $env:PATH = "$work/bin:$env:PATH"
    $null = Copy-StreamZeroCopy /dev/urandom $source -Count $Size

    $cpu = @{ send = [Collections.Generic.List[double]]::new() }
    $jobs = [ordered]@{
        'Send-ItemZeroCopy' = { $null = Send-ItemZeroCopy $source h1 "$work/copy" }
        'ssh cat' = { bash -c 'ssh h1 "cat > $1" < "$0"' $source "$work/copy" }
        'scp' = { scp -q -F "$work/config" $source "h1:$work/copy" }
    }
    $seconds = Measure-InTurn $jobs $Rounds -WarmUp 1 -Before { [IO.File]::Delete("$work/copy") }
    foreach ($peer in 'ssh cat', 'scp') {
        [pscustomobject]@{
            Job = 'to one host'; Bytes = $Size; Rounds = $Rounds; Peer = $peer
            Seconds = [Math]::Round((Get-Median $seconds['Send-ItemZeroCopy']), 3)
            PeerSeconds = [Math]::Round((Get-Median $seconds[$peer]), 3)
            TimeRatio = [Math]::Round((Get-MedianRatio $seconds['Send-ItemZeroCopy'] $seconds[$peer]), 3)
        }
    }

    # All hosts are one machine: with tee each copy has a name, and ours are written under names of their own before they get it.
    $teeCpu = [Collections.Generic.List[double]]::new()
    $jobs = [ordered]@{
        'Send-ItemZeroCopy' = { Measure-Cpu send { $null = Send-ItemZeroCopy $source $aliases "$work/copy" } }
        'tee' = {
            # The process substitutions' ends are waited for, so that all have everything.
            $times = bash -c 'TIMEFORMAT="%U %S"
                for i in 1 2 3 4; do mkfifo "$1.$i"; ssh h$i "cat > $1-$i" < "$1.$i" & done
                { time tee "$1.1" "$1.2" "$1.3" < "$0" > "$1.4"; } 2>&1
                wait; rm -f "$1".[1-4]' $source "$work/copy"
            $teeCpu.Add((-split $times | Measure-Object -Sum).Sum)
        }
    }
    $seconds = Measure-InTurn $jobs $Rounds -WarmUp 1 -Before { Remove-Item "$work/copy*" }
    [pscustomobject]@{
        Job = 'to four hosts'; Bytes = $Size; Rounds = $Rounds; Peer = 'tee'
        Seconds = [Math]::Round((Get-Median $seconds['Send-ItemZeroCopy']), 3)
        PeerSeconds = [Math]::Round((Get-Median $seconds['tee']), 3)
        TimeRatio = [Math]::Round((Get-MedianRatio $seconds['Send-ItemZeroCopy'] $seconds['tee']), 3)
        Cpu = [Math]::Round((Get-Median $cpu.send), 3)
        PeerCpu = [Math]::Round((Get-Median $teeCpu), 3)
        CpuRatio = [Math]::Round((Get-Median $cpu.send) / (Get-Median $teeCpu), 3)
    }
}
finally {
    if ($server) { $server.Kill(); $server.WaitForExit() }
    [IO.Directory]::Delete($work, $true)
}
