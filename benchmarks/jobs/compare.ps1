<#
.SYNOPSIS
    Two equal files: clones, whose blocks need not be read, and plain ones.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
Use-Place xfs {
    param($place)
    $one = "$($place.Folder)/one"
    $two = "$($place.Folder)/two"
    if (-not (Test-Room $place.Folder (2 * $size))) { return Get-RoomRecord 'compare' $place }
    Write-RandomFile $one $size
    foreach ($kind in 'clones', 'files') {
        cp "--reflink=$($kind -eq 'clones' ? 'always' : 'never')" $one $two
        sync --file-system $two
        $target = $kind -eq 'clones' ? @{ Id = '12'; Of = 'seconds'; AtMost = 0.05 } : @{ Id = '12b'; Peer = 'cmp'; AtMost = 1.0 }
        Measure-Case "$(Format-Size $size), two equal $kind" -FileSystem $place.FileSystem -Bytes $size -Memory 0 -Target $target -Contestants @(
            @{ Name = 'Compare-ItemZeroCopy'; Ours = $true; Script = {
                    if (-not (Compare-ItemZeroCopy $one $two -Quiet)) { throw 'The files are equal.' }
                }
            }
            @{ Name = 'cmp'; Command = 'cmp', $one, $two }
        )
        Clear-File $two
    }
    Clear-File $one
}
