<#
.SYNOPSIS
    A file over another of the same size, which is on the disk and not in the page cache. Here the old one survives until the
    new one is complete.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 1GB
Use-Place ext4, xfs, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    if (-not (Test-Room $place.Folder (3 * $size))) { return Get-RoomRecord 'overwrite' $place }
    Write-RandomFile $source $size
    Write-RandomFile $target $size
    $more = @{ FileSystem = $place.FileSystem; Bytes = $size; Target = @{ Id = '6'; Peer = 'cp'; AtMost = 1.05 } }
    Measure-Case "$(Format-Size $size) over a file" (Get-CopyContestant $source $target) @more -Before {
        # Whoever comes next would have to give back the pages of who was there before.
        sync --file-system $target
        if ($place.FileSystem -ne 'tmpfs') { Clear-Cache $target }
    }
    Clear-File $source, $target
}
