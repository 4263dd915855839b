<#
.SYNOPSIS
    The first synchronization of a tree of small files: the destination is missing.
#>
param([switch] $Quick)

$folders = $Quick ? 4 : 100
$files = $folders * 100
$label = "$($files.ToString('N0', [cultureinfo]::InvariantCulture)) files, first time"
Use-Place tmpfs, ext4 -WithJournal {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    if (-not (Test-Room $place.Folder ($files * 64KB))) { return Get-RoomRecord $label $place }
    Write-Tree $source $folders 100 16KB
    $bytes = (Get-ChildItem $source -Recurse -File | Measure-Object Length -Sum).Sum
    # In the first rounds the runtime is still compiling what is called often.
    $more = @{ FileSystem = $place.FileSystem; Files = $files; Bytes = $bytes; WarmUp = $Quick ? 1 : 7 }
    Measure-Case $label @more -Target @{ Id = '10'; Peer = 'rsync -a'; AtMost = 0.7 } -Contestants @(
        @{ Name = 'Sync-ItemZeroCopy'; Ours = $true; Script = { Sync-ItemZeroCopy $source $target } }
        @{ Name = 'rsync -a'; Command = 'rsync', '-a', "$source/", $target }
    ) -Before {
        if ([IO.Directory]::Exists($target)) { [IO.Directory]::Delete($target, $true) }
    } -Facts {
        param($name)
        $found = [IO.Directory]::GetFiles($target, '*', [IO.SearchOption]::AllDirectories).Count
        if ($found -ne $files) { throw "$name copied $found of $files files." }
    }
    foreach ($folder in $source, $target) { [IO.Directory]::Delete($folder, $true) }
}
