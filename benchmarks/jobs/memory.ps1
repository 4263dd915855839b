<#
.SYNOPSIS
    The memory that a copy takes, by method and size; and that of a sparse file of 100 GiB. The times are of one turn.
#>
param([switch] $Quick)

$sizes = $Quick ? (1MB, 16MB) : (10MB, 4GB)
Use-Place ext4 {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    $more = @{ FileSystem = $place.FileSystem; Rounds = 1; WarmUp = 0; Before = { Clear-File $target } }
    foreach ($size in $sizes) {
        if (-not (Test-Room $place.Folder (2 * $size))) { Get-RoomRecord (Format-Size $size) $place; continue }
        Write-RandomFile $source $size
        foreach ($method in 'CopyFileRange', 'SendFile', 'Splice', 'ReadWrite') {
            Measure-Case "$(Format-Size $size), $method" @more -Bytes $size @(
                @{ Name = 'Copy-ItemZeroCopy'; Ours = $true; Script = { Copy-ItemZeroCopy $source $target -Method $method } }
                if ($method -eq 'CopyFileRange') { @{ Name = 'cp'; Command = 'cp', $source, $target } }
            )
        }
    }

    $sparse = $Quick ? 1GB : 100GB
    Write-SparseFile $source $sparse 64MB 64
    Measure-Case "$(Format-Size $sparse), 64 MiB of data" @more -Bytes $sparse -Memory 64MB (Get-CopyContestant $source $target cp)
    Clear-File $source, $target
}
