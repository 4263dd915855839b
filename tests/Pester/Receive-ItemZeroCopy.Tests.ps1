BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:server = Open-SshHost "$TestDrive/ssh"
    $script:content = Get-TestByte 300000
}

AfterAll {
    Close-SshHost $server
}

Describe 'Receive-ItemZeroCopy' {
    BeforeEach {
        if (-not $server) { Set-ItResult -Skipped -Because 'sshd is not available to this user' }
    }

    It 'receives into the current folder, or a folder of each host' {
        $folder = New-Item -ItemType Directory "$TestDrive/received"
        foreach ($name in 'web1', 'web2') { [IO.File]::WriteAllBytes("$($server.Folder)/$name/there", $content) }
        Push-Location $folder
        try {
            (Receive-ItemZeroCopy there web1 -Verify).Verified | Should -BeTrue
            $results = 'web1', 'web2' | Receive-ItemZeroCopy there -Destination .
        }
        finally { Pop-Location }
        $results.Count | Should -Be 2
        foreach ($path in 'there', 'web1/there', 'web2/there') { Assert-Content "$folder/$path" $content }
    }

    It 'says what is not there in the words of the host' {
        $failure = Get-Failure { Receive-ItemZeroCopy none web1 "$TestDrive/none" }
        Assert-Failure $failure 'SourceNotFound,Splice.Commands.ReceiveItemZeroCopyCommand' ObjectNotFound web1 'does not exist on web1'
        "$TestDrive/none" | Should -Not -Exist
    }

    It 'receives folders, each into one of its host' {
        foreach ($name in 'web1', 'web2') {
            $null = New-Item -ItemType Directory -Force "$($server.Folder)/$name/tree/sub [x]"
            [IO.File]::WriteAllBytes("$($server.Folder)/$name/tree/sub [x]/-f", $content)
        }
        $null = New-Item -ItemType Directory "$TestDrive/trees"
        $results = Receive-ItemZeroCopy tree web1, web2 "$TestDrive/trees" -Recurse -Verify
        $results.DirectoryCount | Should -Be 2, 2
        $results.Verified | Should -Be $true, $true
        foreach ($name in 'web1', 'web2') { Assert-Content "$TestDrive/trees/$name/tree/sub [x]/-f" $content }
        $failure = Get-Failure { Receive-ItemZeroCopy tree web1 "$TestDrive/none" }
        Assert-Failure $failure 'SourceIsDirectory,Splice.Commands.ReceiveItemZeroCopyCommand' InvalidType web1 '-Recurse'
    }

    It 'receives a file whose name has a colon' {
        Set-Content "$($server.Folder)/web1/a:b" content
        Push-Location (New-Item -ItemType Directory "$TestDrive/colon")
        try {
            foreach ($call in { Receive-ItemZeroCopy ./a:b web1 }, { Receive-ItemZeroCopy -LiteralPath a:b web1 }, { 'web1' | Receive-ItemZeroCopy a:b }, { Receive-ItemZeroCopy a:b web1 . }) {
                (& $call).Destination | Should -Be "$TestDrive/colon/a:b"
                [IO.File]::Delete("$TestDrive/colon/a:b")
            }
        }
        finally {
            Pop-Location
        }
    }

    It 'receives what -Exclude and -Include select, as Copy-ItemZeroCopy does' {
        $there = "$($server.Folder)/web1/selected"
        $null = New-Item -ItemType Directory "$there/site/node_modules", "$there/site/css", "$TestDrive/selected"
        foreach ($name in 'site/node_modules/x.js', 'site/css/a.css', 'site/css/a.log', 'site/index.html', 'a.log') { Set-Content "$there/$name" $name }
        $null = Receive-ItemZeroCopy selected/* web1 "$TestDrive/selected" -Recurse -Exclude node_modules/, *.log, none -WarningVariable warnings -WarningAction SilentlyContinue
        Get-ChildItem "$TestDrive/selected" -Recurse -File -Name | Sort-Object | Should -Be 'site/css/a.css', 'site/index.html'
        $warnings.Message | Should -Be "The pattern 'none' of -Exclude matched nothing."
    }

    It 'removes what the source does not have with -RemoveExtra, and lists it with -WhatIf' {
        $source = "$($server.Folder)/web1/mirrored"
        $there = "$TestDrive/mirrors/mirrored"
        $null = New-Item -ItemType Directory "$TestDrive/mirrors"
        $line = "Receive-ItemZeroCopy mirrored web1 '$TestDrive/mirrors' -Recurse -Update Changed -RemoveExtra"
        $null = New-Item -ItemType Directory $source, "$there/folder" -Force
        foreach ($file in "$source/new", "$there/old", "$there/folder/1") { Set-Content $file x }
        $shown = @(pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../out/Splice'; $line -WhatIf")
        'old', 'folder' | ForEach-Object {
            $action = $_ -eq 'old' ? 'Remove Item' : 'Remove Folder (2 items)'
            $shown | Should -Contain "What if: Performing the operation `"$action`" on target `"Host: web1 Destination: $there/$_`"."
        }

        $shown[-4..-2] -replace '.*"(.*)" on target.*/(\w+)"\.$', '$1: $2' | Should -Be 'Remove Folder (2 items): folder', 'Copy File: new', 'Remove Item: old'

        $shown[-1] | Should -Be 'What if: Files on web1: 1 to copy, 0 to update (2 B in all), 0 unchanged, 0 skipped, 3 to remove.'
        "$there/old" | Should -Exist

        $failure = Get-Failure { Invoke-Expression "$line -MaximumRemoval 2" }
        $failure.FullyQualifiedErrorId | Should -BeLike 'TooManyRemovals,*'
        $result = Invoke-Expression $line
        $result.Removed, $result.FileCount | Should -Be 3, 1
        Get-ChildItem $there -Name | Should -Be 'new'

        { Invoke-Expression ($line -replace ' -Update Changed') } | Should -Throw '*-RemoveExtra has no effect without -Update*'
    }

    It 'receives only what changed with -Update, and lists it with -WhatIf' {
        $source = "$($server.Folder)/web1/changing"
        $target = New-Item -ItemType Directory "$TestDrive/updates"
        $null = New-Item -ItemType Directory $source
        'same' | Set-Content "$source/same"
        'old' | Set-Content "$source/changed"
        $null = Receive-ItemZeroCopy changing web1 $target -Recurse
        'newer' | Set-Content "$source/changed"
        $shown = @(pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Receive-ItemZeroCopy changing web1 '$target' -Recurse -Update Changed -WhatIf")
        $shown | Should -Contain "What if: Performing the operation `"Update File (size differs)`" on target `"Item: changing/changed Host: web1 Destination: $target/changing/changed`"."
        $shown[-1] | Should -Be 'What if: Files on web1: 0 to copy, 1 to update (6 B in all), 1 unchanged, 0 skipped.'
        Get-Content "$target/changing/changed" | Should -Be 'old'
        $result = Receive-ItemZeroCopy changing web1 $target -Recurse -Update Changed
        $result.FileCount, $result.Updated, $result.Unchanged, $result.BytesSent | Should -Be 2, 1, 1, 6
        Get-Content "$target/changing/changed" | Should -Be 'newer'
        'even newer' | Set-Content "$source/changed"
        $results = Receive-ItemZeroCopy changing/* web1 $target/changing -Update Changed -Verify
        $results.Status | Should -Be Updated, Unchanged
        $results.BytesSent | Should -Be 11, 0
        Get-Content "$target/changing/changed" | Should -Be 'even newer'
    }

    It 'takes the columns of a CSV file for each host' {
        $folders = 'by-row', 'other' | ForEach-Object { New-Item -ItemType Directory "$TestDrive/$_" }
        foreach ($name in 'web1', 'web2') { [IO.File]::WriteAllBytes("$($server.Folder)/$name/column", $content) }
        Set-Content "$TestDrive/hosts.csv" "ComputerName,UserName,Port,KeyFilePath,Destination`n# skipped,,,,$($folders[0])`nweb1,root,,,$($folders[0])`nweb2,,,,$($folders[1])"
        $results = Import-Csv "$TestDrive/hosts.csv" | Receive-ItemZeroCopy column
        $results.Destination | Sort-Object | Should -Be "$($folders[0])/web1/column", "$($folders[1])/web2/column"
        foreach ($result in $results) { Assert-Content $result.Destination $content }
    }

    It 'receives from hosts that differ only in their port into a folder for each' {
        $rows = foreach ($name in 'web1', 'web2') {
            Set-Content "$($server.Folder)/$name/alike" $name
            [pscustomobject]@{ HostName = '127.0.0.1'; Port = "$((ssh -G $name) -match '^port ' -replace '\D')" }
        }
        $folder = New-Item -ItemType Directory "$TestDrive/alike"
        $options = @{ UserKnownHostsFile = "$($server.Folder)/known" }
        $results = $rows | Receive-ItemZeroCopy alike -Destination $folder -KeyFilePath "$($server.Folder)/user" -Options $options
        $hosts = $rows | ForEach-Object { "127.0.0.1:$($_.Port)" }
        $results.HostName | Sort-Object | Should -Be ($hosts | Sort-Object)
        $hosts | ForEach-Object { Get-Content "$folder/$_/alike" } | Should -Be web1, web2
    }

    It 'receives several paths, and what wildcards find on each host' {
        foreach ($name in 'web1', 'web2') {
            foreach ($file in 'x [1].log', 'y.log', 'z.txt') { [IO.File]::WriteAllBytes("$($server.Folder)/$name/$file", $content) }
        }
        $results = Receive-ItemZeroCopy '*.log', 'z.txt', 'no*ne' web1, web2 "$TestDrive/wild/" -Flush -ErrorAction SilentlyContinue -ErrorVariable failure
        $results.Count | Should -Be 6
        $failure.FullyQualifiedErrorId | Should -Be (@('SourceNotFound,Splice.Commands.ReceiveItemZeroCopyCommand') * 2)
        foreach ($name in 'web1', 'web2') {
            (Get-ChildItem "$TestDrive/wild/$name").Name | Sort-Object | Should -Be 'x [1].log', 'y.log', 'z.txt'
            Assert-Content "$TestDrive/wild/$name/x [1].log" $content
        }
        $null = Receive-ItemZeroCopy -LiteralPath 'x [1].log' web1 "$TestDrive/literal"
        Assert-Content "$TestDrive/literal" $content
    }

    It 'changes nothing with -WhatIf' {
        Receive-ItemZeroCopy there web1 "$TestDrive/whatif" -WhatIf | Should -BeNullOrEmpty
        "$TestDrive/whatif" | Should -Not -Exist
    }
}
