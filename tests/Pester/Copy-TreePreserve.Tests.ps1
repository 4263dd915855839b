BeforeAll {
    $script:noAttributes = @(Get-Command setfattr, getfattr, setfacl, getfacl -ErrorAction Ignore).Count -lt 4
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # What a file or folder has, in the words of stat: mode, owner and time.
    function Get-Metadata([string] $Path) {
        stat --format '%a %u:%g %y' $Path
    }
}

Describe '-Preserve' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory("$folder/site/sub")
        Push-Location -LiteralPath $folder
        [IO.File]::WriteAllText("$folder/site/file", 'file')
        [IO.File]::WriteAllText("$folder/site/sub/set", 'set')
        ln -s file site/link
        ln site/file site/sub/same
        if ((id -u) -eq 0) {
            chown -R 1234:2345 site
            chown -h 1234:2345 site/link
        }

        chmod 0751 site/file
        chmod 4750 site/sub/set
        chmod 1770 site/sub
        foreach ($name in 'file', 'sub/set', 'sub', 'link') {
            touch -h -d '2001-02-03 04:05:06.123456789 UTC' "site/$name"
        }
    }

    AfterEach {
        Pop-Location
    }

    It 'keeps mode and times where it is not given' {
        Copy-ItemZeroCopy site copy -Recurse
        stat --format '%a %y' copy/file copy/sub | Should -Be (stat --format '%a %y' site/file site/sub)
        stat --format '%y' copy/link copy/sub/set | Should -Be (stat --format '%y' site/link site/sub/set)
        # The bits that mean the owner do not go to another one.
        stat --format '%a %u %h' copy/sub/set | Should -Be "750 $(id -u) 1"
        stat --format '%h' copy/file | Should -Be 1
    }

    It 'None keeps nothing' {
        Copy-ItemZeroCopy site copy -Recurse -Preserve None
        $mask = [Convert]::ToInt32((sh -c umask), 8)
        foreach ($name in 'file', 'sub', 'sub/set') {
            $mode = [Convert]::ToInt32((stat --format %a "site/$name"), 8) -band 0x1FF -band -bnot $mask
            stat --format %a "copy/$name" | Should -Be ([Convert]::ToString($mode, 8))
            (Get-Item "copy/$name").LastWriteTime.Year | Should -BeGreaterThan 2020
        }
    }

    It 'Mode keeps that alone' {
        Copy-ItemZeroCopy site copy -Recurse -Preserve Mode
        stat --format %a copy/file copy/sub | Should -Be '751', '1770'
        (Get-Item copy/file).LastWriteTime.Year | Should -BeGreaterThan 2020
    }

    It 'Timestamps keeps those alone' {
        chmod 0666 site/file
        Copy-ItemZeroCopy site copy -Recurse -Preserve Timestamps
        stat --format %y copy/file copy/sub copy/link | Should -Be (stat --format %y site/file site/sub site/link)
        $mask = [Convert]::ToInt32((sh -c umask), 8)
        stat --format %a copy/file | Should -Be ([Convert]::ToString(0x1B6 -band -bnot $mask, 8))
    }

    It 'Ownership keeps users and groups, of links too' {
        Skip-WithoutRoot
        # Only root gives files away.
        Copy-ItemZeroCopy site copy -Recurse -Preserve Ownership, Mode -WarningVariable warnings
        find copy -printf '%u:%g %P\n' | Sort-Object | Should -Be (find site -printf '%u:%g %P\n' | Sort-Object)
        stat --format '%a %u:%g' copy/sub/set | Should -Be '4750 1234:2345'
        $warnings | Should -BeNullOrEmpty
    }

    It 'Xattr keeps extended attributes' {
        if ($noAttributes) { Set-ItResult -Skipped -Because 'attr or acl is not installed' }
        # setfattr is needed.
        setfattr -n user.color -v blue site/file
        setfattr -n user.color -v red site/sub
        if ($LASTEXITCODE -ne 0) {
            Set-ItResult -Skipped -Because 'the file system has no extended attributes'
        }

        Copy-ItemZeroCopy site plain -Recurse
        getfattr --only-values -n user.color plain/file 2>/dev/null | Should -BeNullOrEmpty
        Copy-ItemZeroCopy site copy -Recurse -Preserve Xattr
        getfattr --only-values -n user.color copy/file | Should -Be 'blue'
        getfattr --only-values -n user.color copy/sub | Should -Be 'red'
    }

    It 'Acl keeps access control lists, and those for new files' {
        if ($noAttributes) { Set-ItResult -Skipped -Because 'attr or acl is not installed' }
        # setfacl is needed.
        setfacl -m u:4321:rw site/file
        setfacl -d -m u:4321:rx site/sub
        if ($LASTEXITCODE -ne 0) {
            Set-ItResult -Skipped -Because 'the file system has no access control lists'
        }

        Copy-ItemZeroCopy site plain -Recurse
        getfacl --omit-header plain/file plain/sub 2>/dev/null | Should -Not -Match '4321'
        Copy-ItemZeroCopy site copy -Recurse -Preserve Acl, Mode
        foreach ($name in 'file', 'sub', 'sub/set') {
            getfacl --omit-header --numeric "copy/$name" | Should -Be (getfacl --omit-header --numeric "site/$name")
        }
    }

    It 'HardLink keeps names together' {
        $result = Copy-ItemZeroCopy site copy -Recurse -Preserve HardLink
        stat --format '%h' copy/file | Should -Be 2
        stat --format %i copy/sub/same | Should -Be (stat --format %i copy/file)
        Get-Content copy/sub/same | Should -BeExactly 'file'
        $result.FileCount | Should -Be 4
    }

    It 'All is what cp -a keeps' {
        Skip-WithoutRoot
        # Owners take root.
        mkfifo -m 0604 site/fifo
        if (Get-Command setfattr, setfacl -ErrorAction Ignore) {
            setfattr -n user.color -v blue site/file
            setfacl -m u:4321:rw site/sub
        }

        cp -a site theirs
        $result = Copy-ItemZeroCopy site ours -Recurse -Preserve All -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty
        Get-Tree ours '%u:%g %n %T@' | Should -Be (Get-Tree theirs '%u:%g %n %T@')
        Get-Metadata ours | Should -Be (Get-Metadata theirs)
        $result.FileCount | Should -Be 5
    }

    It 'changes folders that are there only where it is given' {
        $null = New-Item -ItemType Directory one/site/sub, two/site/sub
        chmod 0755 one/site/sub two/site/sub
        Copy-ItemZeroCopy site one -Recurse
        stat --format %a one/site/sub | Should -Be 755
        Copy-ItemZeroCopy site two -Recurse -Preserve Mode, Timestamps
        stat --format '%a %y' two/site/sub | Should -Be (stat --format '%a %y' site/sub)
    }

    It 'is for single files too' {
        Copy-ItemZeroCopy site/file copy -Preserve Timestamps
        stat --format %y copy | Should -Be (stat --format %y site/file)
        if ((id -u) -eq 0) {
            Copy-ItemZeroCopy site/file owned -Preserve All
            Get-Metadata owned | Should -Be (Get-Metadata site/file)
        }
    }

    It 'is one of the list' {
        { Copy-ItemZeroCopy site copy -Recurse -Preserve Everything } |
            Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,Splice.Commands.CopyItemZeroCopyCommand'
        Copy-ItemZeroCopy site copy -Recurse -Preserve mode, TIMESTAMPS
        'copy/file' | Should -Exist
    }
}
