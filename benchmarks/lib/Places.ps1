# Folders on the file systems that a job wants: below one of the folders that the user named, or, for root, in an image
# that is mounted for as long as the job runs.

# Runs a script on each file system that there is here, with @{ FileSystem; Folder }. What is not here is told as skipped.
# With WithJournal an ext4 that has none does not count: for minutes it searches for inodes past all that were deleted.
function Use-Place([string[]] $FileSystem, [scriptblock] $Script, [switch] $WithJournal) {
    foreach ($name in $FileSystem) {
        $own = $script:folders | Where-Object { (Get-FileSystem $_) -eq $name -and -not ($WithJournal -and (Test-NoJournal $_)) } |
            Select-Object -First 1
        $work = $own ? "$own/$script:workName" : "$($script:folders[0])/$script:workName/$name"
        $null = [IO.Directory]::CreateDirectory($work)
        $reason = if (-not $own) { Mount-Image $name $work }
        if ($reason) {
            Get-SkipRecord "on $name" $reason
        }
        else {
            & $Script @{ FileSystem = $name; Folder = $work }
        }
    }
}

function Get-FileSystem([string] $Folder) {
    df --output=fstype $Folder | Select-Object -Last 1
}

function Test-NoJournal([string] $Folder) {
    $task = "/sys/fs/ext4/$(Split-Path -Leaf (df --output=source $Folder | Select-Object -Last 1))/journal_task"
    [IO.File]::Exists($task) -and [IO.File]::ReadAllText($task).Trim() -eq '<none>'
}

# Makes an image beside the folder and mounts it there. Answers why it cannot.
function Mount-Image([string] $FileSystem, [string] $Folder) {
    mountpoint --quiet $Folder
    if (-not $LASTEXITCODE) { return }
    if ((id -u) -ne 0) { return "no folder on $FileSystem was named, and only root can mount one" }
    if ($FileSystem -eq 'tmpfs') {
        $said = mount -t tmpfs tmpfs $Folder 2>&1
        return $LASTEXITCODE ? "no tmpfs can be mounted: $said" : $null
    }

    $missing = Get-MissingReason "mkfs.$FileSystem"
    if ($missing) { return $missing }
    # Sparse: it takes what is written into it, and gives it back when it is deleted.
    $size = [long][Math]::Min(64GB, [long](df --output=avail -B1 $Folder | Select-Object -Last 1) * 0.9)
    truncate --size $size "$Folder.img"
    $said = & "mkfs.$FileSystem" -q "$Folder.img" 2>&1
    if ($LASTEXITCODE) { return "no $FileSystem can be made: $said" }
    $said = mount -o loop,discard "$Folder.img" $Folder 2>&1
    if ($LASTEXITCODE) { "$FileSystem cannot be mounted: $said" }
}

# Removes all that a job has left in its folders, mounts first.
function Clear-Place([string[]] $Folder, [string] $WorkName) {
    foreach ($place in $Folder) {
        $work = "$place/$WorkName"
        $mounts = @([IO.File]::ReadAllLines('/proc/mounts') | ForEach-Object { (-split $_)[1] } | Where-Object { $_ -like "$work/*" })
        [Array]::Reverse($mounts)
        foreach ($mount in $mounts) { umount $mount }
        if ([IO.Directory]::Exists($work)) { [IO.Directory]::Delete($work, $true) }
    }
}

# Whether a folder's file system has room for so many bytes, and a little more.
function Test-Room([string] $Folder, [long] $Bytes) {
    [long](df --output=avail -B1 $Folder | Select-Object -Last 1) -gt $Bytes * 1.05 + 64MB
}
