<#
.SYNOPSIS
    A file over ssh to one host and to four, which are all this machine: an sshd of the job's own on the loopback.
#>
param([switch] $Quick)

$size = $Quick ? 8MB : 4GB
$eachSize = $Quick ? 8MB : 1GB
$reason = if ((id -u) -ne 0) { 'only root can run an sshd for it' } else { Get-MissingReason ssh, sshd, scp }
if ($reason) { return Get-SkipRecord 'over ssh' $reason }
Use-Place tmpfs {
    param($place)
    $work = $place.Folder
    $source = "$work/source"
    $copy = "$work/copy"
    $aliases = 1..4 | ForEach-Object { "h$_" }
    if (-not (Test-Room $work (2 * $size))) { return Get-RoomRecord 'over ssh' $place }
    Write-RandomFile $source $size
    $server = Open-SshServer $work $aliases
    $path = $env:PATH
    try {
        $env:PATH = "$work/bin:$path"
        $more = @{ FileSystem = $place.FileSystem; NoProbe = $true; Before = { Clear-File ([IO.Directory]::GetFiles($work, 'copy*')) } }
        Measure-Case "$(Format-Size $size) to one host" @more -Bytes $size @(
            @{ Name = 'Send-ItemZeroCopy'; Ours = $true; Script = { Send-ItemZeroCopy $source h1 $copy } }
            @{ Name = 'cat | ssh'; Command = 'bash', '-c', 'ssh h1 "cat > $1" < "$0"', $source, $copy }
            @{ Name = 'scp'; Command = 'scp', '-q', '-F', "$work/config", $source, "h1:$copy" }
        )
        Write-RandomFile $source $eachSize
        # With tee each copy has a name of its own: all hosts are one machine.
        $tee = 'for h in h1 h2 h3 h4; do mkfifo "$1.$h"; ssh $h "cat > $1-$h" < "$1.$h" & done
            tee "$1.h1" "$1.h2" "$1.h3" < "$0" > "$1.h4"; wait; rm -f "$1".h?'
        Measure-Case "$(Format-Size $eachSize) to four hosts" @more -Bytes $eachSize @(
            @{ Name = 'Send-ItemZeroCopy'; Ours = $true; Script = { Send-ItemZeroCopy $source $aliases $copy } }
            @{ Name = 'tee and ssh'; Command = 'bash', '-c', $tee, $source, $copy }
        )
    }
    finally {
        $env:PATH = $path
        $server.Kill()
        $server.WaitForExit()
    }
}
