<#
.SYNOPSIS
    Trees that are equal already: what it takes to see that nothing has to be done.
#>
param([switch] $Quick)

$folders = $Quick ? 4 : 1000
$files = $folders * 100
$label = "$($files.ToString('N0', [cultureinfo]::InvariantCulture)) unchanged files"
Use-Place tmpfs, ext4 -WithJournal {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    if (-not (Test-Room $place.Folder ($files * 16KB))) { return Get-RoomRecord $label $place }
    Write-Tree $source $folders 100 4KB
    $null = Sync-ItemZeroCopy $source $target -Preserve All
    # Metadata that only rsync preserves by default are there before it is measured, too.
    if (-not (Get-MissingReason 'rsync')) { rsync -a "$source/" $target }
    $more = @{ FileSystem = $place.FileSystem; Files = $files; WarmUp = $Quick ? 1 : 3 }
    Measure-Case $label @more -Target @{ Id = '9'; Peer = 'rsync -a'; AtMost = 0.6 } -Contestants @(
        @{ Name = 'Sync-ItemZeroCopy'; Ours = $true; Script = {
                $result = Sync-ItemZeroCopy $source $target
                if ($result.Unchanged -ne $files) { throw "$($result.Unchanged) of $files files were unchanged." }
            }
        }
        @{ Name = 'rsync -a'; Command = 'rsync', '-a', "$source/", $target }
    )
    foreach ($folder in $source, $target) { [IO.Directory]::Delete($folder, $true) }
}
