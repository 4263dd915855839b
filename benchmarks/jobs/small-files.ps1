<#
.SYNOPSIS
    Trees of 10,000 and 100,000 small files, copied as a tree and through the pipeline.
#>
param([switch] $Quick)

# As at a prompt: where the first error ends it all, a pipeline's files are copied one after the other.
$ErrorActionPreference = 'Continue'
$trees = $Quick ? @(@{ Folders = 4; Each = 25; Largest = 8KB; WarmUp = 0 }) : @(
    @{ Folders = 100; Each = 100; Largest = 64KB; WarmUp = 7 }
    @{ Folders = 1000; Each = 100; Largest = 16KB; WarmUp = 0 }
)
Use-Place tmpfs, ext4 -WithJournal {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    foreach ($tree in $trees) {
        $files = $tree.Folders * $tree.Each
        $label = "$($files.ToString('N0', [cultureinfo]::InvariantCulture)) files"
        if (-not (Test-Room $place.Folder ($files * $tree.Largest * 1.5))) { Get-RoomRecord $label $place; continue }
        Write-Tree $source $tree.Folders $tree.Each $tree.Largest
        $bytes = (Get-ChildItem $source -Recurse -File | Measure-Object Length -Sum).Sum
        # In the first rounds the runtime is still compiling what is called often.
        $more = @{ FileSystem = $place.FileSystem; Files = $files; Bytes = $bytes; WarmUp = $tree.WarmUp }
        $targets = @(
            if ($files -ge 100000 -or $Quick) {
                @{ Id = '3'; Peer = 'cp -r'; AtMost = 0.6 }
                @{ Id = '3b'; Peer = 'Copy-Item -Recurse'; AtMost = 0.15 }
                @{ Id = '3c'; Peer = 'rsync -a', 'tar | tar', 'cpio -p', 'Rust cp -r'; AtMost = 0.9 }
            }
        )
        $check = {
            param($name)
            $found = [IO.Directory]::GetFiles($target, '*', [IO.SearchOption]::AllDirectories).Count
            if ($found -ne $files) { throw "$name copied $found of $files files." }
        }
        Measure-Case "$label, tree" @more -Target $targets -Facts $check -Contestants @(
            @{ Name = 'Copy-ItemZeroCopy -Recurse'; Ours = $true; Script = { Copy-ItemZeroCopy $source $target -Recurse } }
            @{ Name = 'cp -r'; Command = 'cp', '-r', $source, $target }
            # Of the larger tree, these would take minutes for the ratios that the smaller one shows.
            if ($files -lt 100000 -or $place.FileSystem -eq 'ext4') { @{ Name = 'Copy-Item -Recurse'; Script = { Copy-Item $source $target -Recurse } } }
            if ($files -lt 100000) {
                @{ Name = 'fpsync'; Needs = 'fpsync', 'rsync'; Command = 'bash', '-c', 'mkdir "$1" && fpsync -n 2 -t "$1.work" "$0/" "$1/" 2> /dev/null; rm -r "$1.work"', $source, $target }
                @{ Name = 'Python copytree'; Python = 'copytree', $source, $target }
            }
            @{ Name = 'rsync -a'; Command = 'rsync', '-a', '--whole-file', "$source/", $target }
            @{ Name = 'tar | tar'; Needs = 'tar'; Command = 'bash', '-c', 'mkdir "$1" && tar -C "$0" -c -f - . | tar -C "$1" -x -f -', $source, $target }
            @{ Name = 'cpio -p'; Needs = 'cpio'; Command = 'bash', '-c', 'mkdir "$1" && cd "$0" && find . -depth -print0 | cpio -0 -p -d -m --quiet "$1"', $source, $target }
            @{ Name = 'Rust cp -r'; Needs = 'coreutils'; Command = 'coreutils', 'cp', '-r', $source, $target }
        ) -Before {
            if ([IO.Directory]::Exists($target)) { [IO.Directory]::Delete($target, $true) }
        }
        $pipedTarget = if ($files -ge 100000 -or $Quick) { @{ Id = '3d'; Peer = 'find | xargs cp'; AtMost = 0.9 } }
        Measure-Case "$label, piped" @more -Target $pipedTarget -Facts $check -Contestants @(
            @{ Name = 'dir | Copy-ItemZeroCopy'; Ours = $true; Script = { Get-ChildItem $source -Recurse -File | Copy-ItemZeroCopy -Destination $target } }
            if ($files -lt 100000) { @{ Name = 'dir | Copy-Item'; Script = { Get-ChildItem $source -Recurse -File | Copy-Item -Destination $target } } }
            @{ Name = 'find | xargs cp'; Command = 'bash', '-c', 'find "$0" -type f -print0 | xargs -0 cp -t "$1"', $source, $target }
        ) -Before {
            if ([IO.Directory]::Exists($target)) { [IO.Directory]::Delete($target, $true) }
            $null = [IO.Directory]::CreateDirectory($target)
        }
        foreach ($folder in $source, $target) { [IO.Directory]::Delete($folder, $true) }
    }
}
