<#
.SYNOPSIS
    A file cut into 8 parts, and joined again. Where the file system shares blocks, no byte moves.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
$partSize = [long]($size / 8)
Use-Place ext4, xfs {
    param($place)
    $whole = "$($place.Folder)/whole"
    $parts = "$($place.Folder)/parts"
    if (-not (Test-Room $place.Folder (3 * $size))) { return Get-RoomRecord 'split and join' $place }
    $null = [IO.Directory]::CreateDirectory($parts)
    Write-RandomFile $whole $size
    $more = @{ FileSystem = $place.FileSystem; Bytes = $size }
    Measure-Case "$(Format-Size $size) cut into 8" @more @(
        @{ Name = 'Split-ItemZeroCopy'; Ours = $true; Script = { Split-ItemZeroCopy $whole $parts -PartSize $partSize } }
        @{ Name = 'split'; Command = 'split', '-d', '-a', '3', '-b', "$partSize", $whole, "$parts/whole." }
    ) -Before {
        Clear-File ([IO.Directory]::GetFiles($parts))
        # What the last one wrote is not to be the next one's burden.
        sync --file-system $parts
    }
    $pieces = [IO.Directory]::GetFiles($parts) | Sort-Object
    Clear-File $whole
    Measure-Case "8 parts joined to $(Format-Size $size)" @more @(
        @{ Name = 'Join-ItemZeroCopy'; Ours = $true; Script = { Join-ItemZeroCopy $pieces $whole } }
        @{ Name = 'cat'; Command = @('bash', '-c', 'cat "${@:1}" > "$0"', $whole; $pieces) }
    ) -Before {
        Clear-File $whole
        sync --file-system $parts
    }
    Clear-File @($whole; $pieces)
}
