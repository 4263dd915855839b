<#
.SYNOPSIS
    Sparse images: data in one piece, in 1,000 and in 10,000. The blocks that each copy takes are compared too.
#>
param([switch] $Quick)

$images = $Quick ? @(@{ Size = 1GB; Data = 4MB; Extents = 100 }) : @(
    @{ Size = 10GB; Data = 64MB; Extents = 1 }
    @{ Size = 100GB; Data = 1GB; Extents = 1000 }
    @{ Size = 100GB; Data = 1GB; Extents = 10000 }
)
Use-Place ext4, xfs, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    foreach ($image in $images) {
        if (-not (Test-Room $place.Folder (3 * $image.Data))) { Get-RoomRecord 'sparse' $place; continue }
        # The others make a file of zeros of it, or read all of them.
        $contestants = Get-CopyContestant $source $target cp
        $case = "$(Format-Size $image.Size), $(Format-Size $image.Data) of data, $($image.Extents) extents"
        Write-SparseFile $source $image.Size $image.Data $image.Extents
        $more = @{ FileSystem = $place.FileSystem; Bytes = $image.Size; Memory = $image.Data; Before = { Clear-File $target } }
        Measure-Case $case $contestants @more -Facts {
            sync --file-system $target
            @{ blocks = [long](stat --format %b $target); sourceBlocks = [long](stat --format %b $source) }
        }
        Clear-File $source, $target
    }
}
