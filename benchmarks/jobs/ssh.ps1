<#
.SYNOPSIS
    A file over ssh to one host and to three, a tree of small files for the first time and unchanged, and the blocks of a large image
    that have changed. All hosts are this machine: an sshd of the job's own on the loopback.
#>
param([switch] $Quick)

$size = $Quick ? 8MB : 600MB
$imageSize = $Quick ? 64MB : 4GB
$block = 64KB
$folders, $each = $Quick ? (4, 25) : (100, 100)
$reason = if ((id -u) -ne 0) { 'only root can run an sshd for it' } else { Get-MissingReason ssh, sshd, scp }
if ($reason) { return Get-SkipRecord 'over ssh' $reason }
Use-Place tmpfs, xfs {
    param($place)
    $work = $place.Folder
    $aliases = 'h1', 'h2', 'h3'
    $image = $place.FileSystem -eq 'xfs'
    if (-not (Test-Room $work ($image ? 4 * $imageSize : 4 * $size))) { return Get-RoomRecord 'over ssh' $place }
    $server = Open-SshServer $work $aliases
    $path = $env:PATH
    try {
        $env:PATH = "$work/bin:$path"
        $source = "$work/source"
        $copy = "$work/copy"
        Write-RandomFile $source $size
        $more = @{ FileSystem = $place.FileSystem; Bytes = $size; NoProbe = $true; Before = { Clear-File ([IO.Directory]::GetFiles($work, 'copy*', 'AllDirectories')) } }
        Measure-Case "$(Format-Size $size) to one host" @more -Target @{ Id = '14'; Peer = 'cat | ssh'; AtMost = 1.05 } @(
            @{ Name = 'Send-ItemZeroCopy'; Ours = $true; Script = { Send-ItemZeroCopy $source h1 $copy } }
            @{ Name = 'cat | ssh'; Command = 'bash', '-c', 'cat "$0" | ssh h1 "cat > $1"', $source, $copy }
            @{ Name = 'ssh < file'; Command = 'bash', '-c', 'ssh h1 "cat > $1" < "$0"', $source, $copy }
            @{ Name = 'scp'; Command = 'scp', '-q', '-F', "$work/config", $source, "h1:$copy" }
        )
        $atOnce = 'for h in h1 h2 h3; do cat "$0" | ssh $h "cat > copy" & done; wait'
        $tee = 'for h in h1 h2 h3; do mkfifo "$1.$h"; ssh $h "cat > copy" < "$1.$h" & done
            tee "$1.h1" "$1.h2" < "$0" > "$1.h3"; wait; rm -f "$1".h?'
        Measure-Case "$(Format-Size $size) to three hosts" @more -Target @{ Id = '15'; Peer = 'three cat | ssh'; AtMost = 1.05 } @(
            @{ Name = 'Send-ItemZeroCopy'; Ours = $true; Script = { Send-ItemZeroCopy $source $aliases copy } }
            @{ Name = 'three cat | ssh'; Command = 'bash', '-c', $atOnce, $source }
            @{ Name = 'tee and ssh'; Command = 'bash', '-c', $tee, $source, $copy }
        )
        Clear-File $source, $copy

        $tree = "$work/tree"
        $far = "$work/far"
        $null = [IO.Directory]::CreateDirectory($far)
        Write-Tree $tree $folders $each 64KB
        $files = $folders * $each
        $label = "$($files.ToString('N0', [cultureinfo]::InvariantCulture)) files"
        $more = @{ FileSystem = $place.FileSystem; Files = $files; Bytes = (Get-ChildItem $tree -Recurse -File | Measure-Object Length -Sum).Sum }
        $found = {
            param($name)
            $count = [IO.Directory]::GetFiles("$far/tree", '*', [IO.SearchOption]::AllDirectories).Count
            if ($count -ne $files) { throw "$name copied $count of $files files." }
        }
        Measure-Case "$label to one host" @more -Facts $found -Target @{ Id = '16'; Peer = 'rsync -a'; AtMost = 0.8 } -Before {
            if ([IO.Directory]::Exists("$far/tree")) { [IO.Directory]::Delete("$far/tree", $true) }
        } -Contestants @(
            @{ Name = 'Send-ItemZeroCopy -Recurse'; Ours = $true; Script = { Send-ItemZeroCopy $tree h1 $far -Recurse } }
            @{ Name = 'tar | ssh tar'; Needs = 'tar'; Command = 'bash', '-c', 'tar -C "${0%/*}" -c -f - tree | ssh h1 "tar -C $1 -x -f -"', $tree, $far }
            @{ Name = 'rsync -a'; Needs = 'rsync'; Command = 'rsync', '-a', '-e', 'ssh', $tree, "h1:$far/" }
            @{ Name = 'scp -r'; Command = 'scp', '-q', '-r', '-F', "$work/config", $tree, "h1:$far/" }
        )
        cp -a $tree "$far/"
        Measure-Case "$label to one host, unchanged" @more -Facts $found -Target @{ Id = '17'; Peer = 'rsync -a'; AtMost = 1.0 } -Contestants @(
            @{ Name = 'Send-ItemZeroCopy -Update'; Ours = $true; Script = { Send-ItemZeroCopy $tree h1 $far -Recurse -Update Changed } }
            @{ Name = 'rsync -a'; Needs = 'rsync'; Command = 'rsync', '-a', '-e', 'ssh', $tree, "h1:$far/" }
        )
        foreach ($folder in $tree, $far) { [IO.Directory]::Delete($folder, $true) }
        if (-not $image) { return }

        $old = "$work/old"
        $null = [IO.Directory]::CreateDirectory($far)
        Write-RandomFile $old $imageSize
        cp --reflink=never $old $source
        Write-RandomBlock $source $block ([Math]::Max(1, $imageSize / $block / 100))
        $said = @{}
        Measure-Case "$(Format-Size $imageSize) to one host, 1 % changed" -FileSystem $place.FileSystem -Bytes $imageSize -NoProbe -Target @(
            @{ Id = '18'; Peer = 'rsync --inplace'; AtMost = 1.0 }
            @{ Id = '18b'; Of = 'wirePercent'; AtMost = 1.5 }
        ) -Before {
            Clear-File "$far/source"
            cp --reflink=always $old "$far/source"
            # Both files are in the page cache, as at other jobs.
            cat $source "$far/source" > /dev/null
            $said.Wire = Get-LoopbackByte
        } -Facts {
            param($name)
            $wire = (Get-LoopbackByte) - $said.Wire
            cmp $source "$far/source"
            if ($LASTEXITCODE) { throw "$name did not update the image." }
            [ordered]@{ wirePercent = ConvertTo-Figure (100 * $wire / $imageSize) }
        } -Contestants @(
            @{ Name = 'Send-ItemZeroCopy -Delta Always'; Ours = $true; Script = { Send-ItemZeroCopy $source h1 $far -Delta Always } }
            @{ Name = 'rsync --inplace'; Needs = 'rsync'; Command = 'rsync', '-a', '--inplace', '--no-whole-file', '-e', 'ssh', $source, "h1:$far/" }
        )
        Clear-File $old, $source, "$far/source"
    }
    finally {
        $env:PATH = $path
        $server.Kill()
        $server.WaitForExit()
    }
}
