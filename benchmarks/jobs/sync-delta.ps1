<#
.SYNOPSIS
    A large image of which 1 % has changed, and its old copy, which a snapshot shares its blocks with.
#>
param([switch] $Quick)

$size = $Quick ? 64MB : 4GB
$block = 64KB
Use-Place xfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    $snapshot = "$($place.Folder)/snapshot"
    if (-not (Test-Room $place.Folder (3 * $size))) { return Get-RoomRecord 'delta' $place }
    $null = [IO.Directory]::CreateDirectory($source), [IO.Directory]::CreateDirectory($target)
    Write-RandomFile $snapshot $size
    cp --reflink=never $snapshot "$source/image"
    Write-RandomBlock "$source/image" $block ([Math]::Max(1, $size / $block / 100))
    $said = @{}
    $targets = @(
        @{ Id = '11'; Peer = 'rsync --inplace'; AtMost = 0.5 }
        @{ Id = '11b'; Of = 'writtenPercent'; AtMost = 2 }
        @{ Id = '11c'; Of = 'unsharedPercent'; AtMost = 2 }
    )
    $more = @{ FileSystem = $place.FileSystem; Bytes = $size; Memory = $size }
    Measure-Case "$(Format-Size $size), 1 % changed" @more -Target $targets -Contestants @(
        @{ Name = 'Sync-ItemZeroCopy -Delta Always'; Ours = $true; Script = { $said.Result = Sync-ItemZeroCopy $source $target -Delta Always } }
        @{ Name = 'rsync --inplace'; Command = 'rsync', '-a', '--inplace', '--no-whole-file', "$source/", $target }
    ) -Before {
        Clear-File "$target/image"
        cp --reflink=always $snapshot "$target/image"
        # Both files are in the page cache, as at other jobs.
        cat "$source/image" "$target/image" > /dev/null
    } -Facts {
        param($name)
        cmp "$source/image" "$target/image"
        if ($LASTEXITCODE) { throw "$name did not update the image." }
        if ($name -like 'rsync*') { return }
        $unshared = filefrag -v -b1024 "$target/image" | Select-String '^\s*\d+:\s+\d+\.\.\s*\d+:\s+\d+\.\.\s*\d+:\s+(\d+):(?!.*shared)' |
            ForEach-Object { [long]$_.Matches[0].Groups[1].Value } | Measure-Object -Sum
        [ordered]@{
            writtenPercent = ConvertTo-Figure (100 * $said.Result.BytesMoved / $size)
            unsharedPercent = ConvertTo-Figure (100 * 1024 * $unshared.Sum / $size)
        }
    }
    foreach ($folder in $source, $target) { [IO.Directory]::Delete($folder, $true) }
    Clear-File $snapshot
}
