<#
.SYNOPSIS
    A file and a tree moved from one file system to another. Here the source goes only when the copy is on the disk.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 1GB
$folders = $Quick ? 4 : 100
$files = $folders * 100
Use-Place xfs {
    param($from)
    Use-Place ext4 {
        param($to)
        $kept = "$($from.Folder)/kept"
        $source = "$($from.Folder)/source"
        $target = "$($to.Folder)/target"
        $null = [IO.Directory]::CreateDirectory($kept)
        Write-RandomFile "$kept/file" $size
        Write-Tree "$kept/tree" $folders 100 16KB
        foreach ($item in @{ Name = 'file'; Bytes = $size; Files = 1 }, @{ Name = 'tree'; Bytes = $files * 8KB; Files = $files }) {
            $label = $item.Name -eq 'file' ? (Format-Size $size) : "$($files.ToString('N0', [cultureinfo]::InvariantCulture)) files"
            foreach ($verify in $true, $false) {
                $more = @{ FileSystem = $to.FileSystem; Bytes = $item.Bytes; Files = $item.Files }
                Measure-Case "$label to another file system$($verify ? '' : ', not verified')" @more -Contestants @(
                    @{ Name = 'Move-ItemZeroCopy'; Ours = $true; Script = { Move-ItemZeroCopy $source $target -Verify:$verify } }
                    @{ Name = 'mv'; Command = 'mv', $source, $target }
                ) -Before {
                    foreach ($path in $source, $target) { if (Test-Path $path) { Remove-Item $path -Recurse -Force } }
                    cp -a --reflink=always "$kept/$($item.Name)" $source
                    sync --file-system $target.Replace('/target', '')
                }
            }
        }
        foreach ($path in $kept, $source, $target) { if (Test-Path $path) { Remove-Item $path -Recurse -Force } }
    }
}
