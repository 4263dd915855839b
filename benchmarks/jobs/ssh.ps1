<#
.SYNOPSIS
    A file over ssh to one host and to four, and a tree of small files. All hosts are this machine: an sshd of the job's own on the
    loopback.
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
        $more = @{ FileSystem = $place.FileSystem; NoProbe = $true; Before = { Clear-File ([IO.Directory]::GetFiles($work, 'copy*', 'AllDirectories')) } }
        Measure-Case "$(Format-Size $size) to one host" @more -Bytes $size @(
            @{ Name = 'Send-ItemZeroCopy'; Ours = $true; Script = { Send-ItemZeroCopy $source h1 $copy } }
            @{ Name = 'cat | ssh'; Command = 'bash', '-c', 'ssh h1 "cat > $1" < "$0"', $source, $copy }
            @{ Name = 'scp'; Command = 'scp', '-q', '-F', "$work/config", $source, "h1:$copy" }
        )
        Write-RandomFile $source $eachSize
        $tee = 'for h in h1 h2 h3 h4; do mkfifo "$1.$h"; ssh $h "cat > copy" < "$1.$h" & done
            tee "$1.h1" "$1.h2" "$1.h3" < "$0" > "$1.h4"; wait; rm -f "$1".h?'
        Measure-Case "$(Format-Size $eachSize) to four hosts" @more -Bytes $eachSize @(
            @{ Name = 'Send-ItemZeroCopy'; Ours = $true; Script = { Send-ItemZeroCopy $source $aliases copy } }
            @{ Name = 'tee and ssh'; Command = 'bash', '-c', $tee, $source, $copy }
        )
        $tree = "$work/tree"
        $folders, $each = $Quick ? (4, 25) : (100, 100)
        Write-Tree $tree $folders $each 64KB
        $bytes = (Get-ChildItem $tree -Recurse -File | Measure-Object Length -Sum).Sum
        $treeCopy = "$work/treecopy"
        $files = $folders * $each
        $label = $files.ToString('N0', [cultureinfo]::InvariantCulture)
        Measure-Case "$label files to one host" -FileSystem $place.FileSystem -NoProbe -Bytes $bytes -Files $files -Before {
            if ([IO.Directory]::Exists($treeCopy)) { [IO.Directory]::Delete($treeCopy, $true) }
        } -Facts {
            param($name)
            $found = [IO.Directory]::GetFiles($treeCopy, '*', [IO.SearchOption]::AllDirectories).Count
            if ($found -ne $files) { throw "$name copied $found of $files files." }
        } -Contestants @(
            @{ Name = 'Send-ItemZeroCopy -Recurse'; Ours = $true; Script = { Send-ItemZeroCopy $tree h1 $treeCopy -Recurse } }
            @{ Name = 'tar | ssh tar'; Needs = 'tar'; Command = 'bash', '-c', 'tar -C "$0" -c -f - . | ssh h1 "mkdir $1 && tar -C $1 -x -f -"', $tree, $treeCopy }
            @{ Name = 'rsync -a'; Needs = 'rsync'; Command = 'rsync', '-a', '-e', 'ssh', "$tree/", "h1:$treeCopy" }
            @{ Name = 'scp -r'; Command = 'scp', '-q', '-r', '-F', "$work/config", $tree, "h1:$treeCopy" }
        )
    }
    finally {
        $env:PATH = $path
        $server.Kill()
        $server.WaitForExit()
    }
}
